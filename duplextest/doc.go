// Package duplextest checks streams against the contract of package duplex,
// and breaks them on purpose.
//
// [Stream] runs the whole contract against any implementation of
// duplex.Stream, as subtests that name the sentence that was broken. A stream
// that cannot do all of it declares so in a [Suite].
//
// [Chaos] and [Fault] make a bad stream of a good one: Chaos delays, splits,
// stalls, fails and cuts by seed, and Fault makes one chosen call fail. Both
// wait on timers and channels only, so that programs on them can be tested
// inside testing/synctest, in virtual time. Whatever they inject matches
// [ErrInjected].
//
// [NoLeaks] fails a test that leaves goroutines or descriptors behind.
package duplextest
