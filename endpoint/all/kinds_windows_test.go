package all_test

func unixKinds() []kind { return nil }
