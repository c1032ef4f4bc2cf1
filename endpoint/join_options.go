package endpoint

import "slices"

// The options below are for whoever joins the stream: they say how many
// connections there may be and how long they may be silent. This package only
// reads them.

// servingOptions are those of every kind that can be listened on.
var servingOptions = []Option{
	{"fork", Flag, ListenOnly, "take many connections, each for itself, and not one only; false"},
	{"max", Count, ListenOnly, "how many connections there may be at once with fork; 256, 0 is any number"},
}

// silenceOptions are those of every kind.
var silenceOptions = []Option{
	{"idle", Duration, Always, "how long no byte may move in either direction; 0, which is for ever"},
	{"linger", Duration, Always, "how long one direction may be silent once the other has ended; 1m, 0 is for ever"},
}

// SilenceOptions are the options of every kind about how long nothing may
// happen, for those kinds that are registered from elsewhere.
func SilenceOptions() []Option { return slices.Clone(silenceOptions) }
