package duplex

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// Pipeline moves everything from its first stage, a [Source], through the
// middle ones to its last, a [Sink], and returns when that is done and nothing
// it started is left running.
//
//	err := duplex.Pipeline(ctx, duplex.From(conn), upper, duplex.To(conn))
//
// On success the sink has got everything and, if it is a [Stream], its writing
// side has been ended and the stream left open; see [Sink]. The same stream may
// stand at both ends.
//
// The first error wins: it stops the other stages, aborts every stream and
// closes everything else that has a Close, and is returned as a [StageError]
// that says where it came from. The end of ctx is such an error, the context's
// cause. A stage whose pending call no Close unblocks holds the pipeline up
// until that call returns.
//
// Stages that cannot stand where they do are an error before anything has begun,
// and are left as they are.
//
// Transforms take no goroutine of their own; streams and functions in the
// middle do. A decoder that stops at an end mark of its own leaves the rest of
// the source unread; what any other stage gives behind that mark is read and
// dropped, so that its failure is not missed.
func Pipeline(ctx context.Context, stages ...Stage) error {
	p := &pipeline{stages: stages}
	if err := p.check(); err != nil {
		return err
	}
	return p.run(ctx)
}

type pipeline struct {
	stages []Stage
	legs   []*leg
	pipes  []*loop // between functions and their neighbours
	cancel context.CancelFunc
	poked  []func(time.Time) error // the deadlines that have interrupted something

	mu     sync.Mutex // guards poked and all below
	err    error      // the first failure
	failed bool
}

// leg is a stretch of a pipeline that one goroutine carries: from something
// that is read, through transforms, to something that is written.
type leg struct {
	src     io.Reader
	from    int // the stage that src belongs to
	live    bool
	dst     io.Writer
	to      int
	end     func() error // tells dst that no more comes
	leave   func()       // makes a pending read of src return
	content atomic.Bool  // no more is wanted: an error is none
}

// check reports stages in places where they cannot stand.
func (p *pipeline) check() error {
	last := len(p.stages) - 1
	if last < 1 {
		return errors.New("duplex: pipeline: needs a source and a sink")
	}
	for i, s := range p.stages {
		_, source := s.(Source)
		_, sink := s.(Sink)
		f, function := s.(StageFunc)
		switch s.(type) {
		case Source, Sink, Through, Transform, StageFunc:
		default: // nil, a pointer to a stage, or what embeds one
			return fmt.Errorf("duplex: pipeline: stage %d cannot be a %T", i, s)
		}
		if source != (i == 0) || i == last && !sink && !function || i != last && sink || function && f == nil {
			return fmt.Errorf("duplex: pipeline: stage %d cannot be a %T", i, s)
		}
	}
	return nil
}

func (p *pipeline) run(ctx context.Context) error {
	if ctx.Err() != nil {
		p.fail(context.Cause(ctx))
		p.close()
		return p.err
	}
	work, cancel := context.WithCancel(ctx)
	defer cancel()
	p.cancel = cancel
	calls := p.split(work)
	canceled := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(canceled)
		p.fail(context.Cause(ctx))
	})
	var running sync.WaitGroup
	for _, call := range calls {
		running.Go(call)
	}
	for _, l := range p.legs[1:] {
		running.Go(func() { p.carry(l) })
	}
	p.carry(p.legs[0])
	running.Wait()
	if !stop() {
		<-canceled
	}
	p.close()
	return p.err
}

// split cuts the pipeline into legs and returns the calls of its functions.
func (p *pipeline) split(ctx context.Context) (calls []func()) {
	src := p.stages[0].(Source)
	cur := &leg{src: src.Reader, live: src.Live, leave: func() { p.leaveSource(src) }}
	last := len(p.stages) - 1
	for i := 1; i <= last; i++ {
		switch s := p.stages[i].(type) {
		case Transform:
			continue // taken up by the leg that it lies on
		case Sink:
			p.finishLeg(cur, s.Writer, i, func() error { return endSink(s) })
		case Through:
			p.finishLeg(cur, s.Stream, i, s.CloseWrite)
			cur = &leg{src: s.Stream, from: i, live: src.Live, leave: func() { _ = s.Close() }}
		case StageFunc:
			in := p.pipe()
			p.finishLeg(cur, in, i, in.CloseWrite)
			feed := cur
			var out *loop
			if i != last {
				out = p.pipe()
				cur = &leg{src: out, from: i, live: src.Live, leave: func() { out.stopRead(errEnough) }}
			}
			calls = append(calls, func() { p.call(ctx, i, s, in, out, feed) })
		}
	}
	return calls
}

func (p *pipeline) pipe() *loop {
	l := newLoop()
	p.pipes = append(p.pipes, l)
	return l
}

func (p *pipeline) finishLeg(l *leg, dst io.Writer, to int, end func() error) {
	l.dst, l.to, l.end = dst, to, end
	p.legs = append(p.legs, l)
}

// errEnough is what a writer gets whose reader wants no more and is content.
var errEnough = errors.New("duplex: pipeline: later stage wants no more")

// carry moves everything over one leg.
func (p *pipeline) carry(l *leg) {
	src, dst, done := p.dress(l)
	t := transfer{src: src, dst: dst, live: l.live}
	t.run()
	err := t.err
	stage := l.to
	if t.failed == reading {
		stage = l.from
	}
	if err == nil {
		if c, ok := dst.(*transformWriter); ok {
			err = c.Close()
		}
		if err == nil {
			err = l.end()
		}
	}
	done()
	switch {
	case err == nil:
	case l.content.Load() || errors.Is(err, errEnough):
		p.enough(l)
	default:
		p.fail(p.note(stage, err))
	}
}

// enough stops l, and what feeds it, without an error: a later stage wants no
// more.
func (p *pipeline) enough(l *leg) {
	if l.content.Swap(true) {
		return
	}
	// What feeds l must know first, or it takes what stops it for a failure.
	for _, feed := range p.legs {
		if feed.to == l.from {
			p.enough(feed)
		}
	}
	l.leave()
	if in, ok := l.dst.(*loop); ok {
		in.stopWrite(errEnough) // for a function that waits there
	}
}

// leaveSource makes a pending read of s return.
func (p *pipeline) leaveSource(s Source) {
	if p.interrupt(s.Reader) || s.KeepOpen {
		return
	}
	if c, ok := s.Reader.(io.Closer); ok {
		_ = c.Close()
	}
}

// interrupt ends a pending read of r by a deadline, which close takes back.
func (p *pipeline) interrupt(r any) bool {
	d, ok := r.(readDeadliner)
	return ok && p.poke(d.SetReadDeadline)
}

// interruptWrite ends a pending write to w likewise.
func (p *pipeline) interruptWrite(w any) bool {
	d, ok := w.(writeDeadliner)
	return ok && p.poke(d.SetWriteDeadline)
}

func (p *pipeline) poke(set func(time.Time) error) bool {
	if set(past) != nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.poked = append(p.poked, set)
	return true
}

// call runs the function of stage i between the pipes in and out.
func (p *pipeline) call(ctx context.Context, i int, f StageFunc, in, out *loop, feed *leg) {
	var w io.Writer
	if out != nil {
		w = out
	}
	err := errExited
	defer func() { p.returned(ctx, i, err, in, out, feed) }()
	err = protect(func() error { return f(ctx, in, w) })
}

// returned passes on how the function of stage i has ended.
func (p *pipeline) returned(ctx context.Context, i int, err error, in, out *loop, feed *leg) {
	if err != nil && !errors.Is(err, errEnough) {
		if end := ctx.Err(); end != nil && errors.Is(err, end) {
			p.fail(context.Cause(ctx)) // it only says what it was told
			return
		}
		p.fail(p.note(i, err))
		return
	}
	in.stopRead(errEnough)
	if !in.q.isEnded() {
		p.enough(feed)
	}
	if out != nil {
		_ = out.CloseWrite()
	}
}

// endSink tells the sink that everything has been written.
func endSink(s Sink) error {
	if s.KeepOpen {
		return nil
	}
	switch w := s.Writer.(type) {
	case Stream:
		return w.CloseWrite()
	case io.Closer:
		return w.Close()
	}
	return nil
}

// note returns err as the error of stage i, unless it is one already or none
// that is to be reported.
func (p *pipeline) note(i int, err error) error {
	if stage := (*StageError)(nil); errors.As(err, &stage) || errors.Is(err, errEnough) {
		return err
	}
	return &StageError{Index: i, Name: stageName(p.stages[i]), Err: err}
}

// fail records the first failure and stops every stage.
func (p *pipeline) fail(err error) {
	p.mu.Lock()
	first := !p.failed
	if first {
		p.failed, p.err = true, err
	}
	p.mu.Unlock()
	if !first {
		return
	}
	if p.cancel != nil {
		p.cancel()
	}
	for _, l := range p.pipes {
		_ = l.Abort(err)
	}
	for _, s := range p.stages {
		switch s := s.(type) {
		case Source:
			if s.KeepOpen {
				p.interrupt(s.Reader)
			} else {
				giveUp(s.Reader, err)
			}
		case Sink:
			if s.KeepOpen {
				p.interruptWrite(s.Writer)
			} else {
				giveUp(s.Writer, err)
			}
		case Through:
			giveUp(s.Stream, err)
		}
	}
}

// giveUp aborts a stream and closes anything else that can be closed.
func giveUp(v any, cause error) {
	switch v := v.(type) {
	case Stream:
		_ = Abort(v, cause)
	case io.Closer:
		_ = v.Close()
	}
}

// close frees what a pipeline that has succeeded leaves, and takes back the
// deadlines that stopped one.
func (p *pipeline) close() {
	for _, set := range p.poked {
		_ = set(time.Time{})
	}
	if p.failed {
		return
	}
	for _, s := range p.stages {
		switch s := s.(type) {
		case Source:
			c, closer := s.Reader.(io.Closer)
			if _, stream := s.Reader.(Stream); closer && !stream && !s.KeepOpen {
				_ = c.Close()
			}
		case Through:
			_ = s.Close()
		}
	}
}
