package duplextest

// rule is a sentence of the contract in the documentation of package duplex.
type rule string

// The sentences that a check can find broken. All but the last two stand word
// for word in the package documentation of duplex.
const (
	inOrder     rule = "Bytes arrive in order, whole and once."
	eofIsLast   rule = "A reader sees io.EOF only after every byte written before the end; a cut is an error, never io.EOF."
	writeEnds   rule = "CloseWrite sends what is buffered, then ends that direction."
	endsTwice   rule = "Calling it twice is harmless."
	closeWakes  rule = "Close unblocks every pending call."
	closedCalls rule = "Afterwards calls return an error for which errors.Is(err, net.ErrClosed) is true."
	oneAndOne   rule = "One reader and one writer may run at once."
	serialised  rule = "Writers that run at once are served one after the other; their bytes are never interleaved."
	bounded     rule = "A slow reader stops its writer. Memory is bounded by configuration, never by the peer."
	firstError  rule = "The first error wins and is kept."
	saysSo      rule = "A stream that cannot half-close says so"

	onTime rule = "A deadline ends pending and later calls with os.ErrDeadlineExceeded, and a new one revives the stream."
	ioWord rule = "Read and Write keep the rules of io.Reader and io.Writer."
)
