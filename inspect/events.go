package inspect

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"time"
)

// silent takes what net/http would log of clients that go away.
var silent = log.New(io.Discard, "", 0)

// events sends a View at once and then one a second, as server-sent events. Each
// is made when the one before has been taken, so that a slow browser misses some
// and nothing piles up for it.
func (s *Server) events(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	q, err := ParseQuery(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	select {
	case s.viewers <- struct{}{}:
		defer func() { <-s.viewers }()
	default:
		w.Header().Set("Retry-After", "5")
		http.Error(w, "too many are looking already", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	control := http.NewResponseController(w)
	tick := time.NewTicker(interval)
	defer tick.Stop()
	var text bytes.Buffer
	for {
		if err := event(&text, s.Registry.View(q)); err != nil {
			return
		}
		_ = control.SetWriteDeadline(time.Now().Add(writeTime))
		if _, err := w.Write(text.Bytes()); err != nil {
			return
		}
		if err := control.Flush(); err != nil {
			return
		}
		select {
		case <-tick.C:
		case <-r.Context().Done():
			return
		case <-ctx.Done():
			return
		}
	}
}

// event writes v as one event.
func event(text *bytes.Buffer, v View) error {
	text.Reset()
	text.WriteString("retry: 1000\ndata: ")
	if err := json.NewEncoder(text).Encode(v); err != nil { // in one line, and its end
		return err
	}
	return text.WriteByte('\n')
}
