package main

import "io"

// helpTransforms prints the transforms and their options.
func helpTransforms(io.Writer) error { return nil }
