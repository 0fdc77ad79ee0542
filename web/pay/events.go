package pay

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"kassa/internal/checkout"
)

const (
	streamLife = 10 * time.Minute // then the browser connects again
	streamBeat = 20 * time.Second // a comment, so that proxies and we notice a dead peer
)

// events tells an open tab when its page is no longer true. The whole state is sent at connect and at
// every change; the page decides by its version.
func (h *Handler) events(c echo.Context) error {
	id := c.Param("id")
	ctx := c.Request().Context()
	head, err := h.Engine.Head(ctx, id)
	if err != nil {
		return err
	}
	w := c.Response()
	h.Headers.Set(w.Header(), nil)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	flush := http.NewResponseController(w.Writer)
	end := time.Now().Add(streamLife)
	send := func(format string, args ...any) error {
		if err := flush.SetWriteDeadline(time.Now().Add(streamBeat)); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, format, args...); err != nil {
			return err
		}
		return flush.Flush()
	}
	for time.Now().Before(end) {
		if err := send("data: {\"version\":%q,\"state\":%q,\"now\":%d}\n\n", strconv.FormatInt(head.Version, 10), head.State, h.Engine.Now().UnixMilli()); err != nil {
			return nil //nolint:nilerr // the tab was closed: there is nobody to tell
		}
		if final(head.State) {
			// A page of a final state still changes when a refund or a late payment comes; rarely.
			end = time.Now().Add(time.Minute)
		}
		for {
			next, err := h.Engine.WatchFor(ctx, id, head, streamBeat)
			if err != nil {
				return nil //nolint:nilerr // the stream ends, and the browser connects again
			}
			if next != head {
				head = next
				break
			}
			if time.Now().After(end) {
				return nil
			}
			if err := send(": still here\n\n"); err != nil {
				return nil //nolint:nilerr // the tab was closed
			}
		}
	}
	return nil
}

func final(s checkout.SessionState) bool { return !s.Payable() && s != checkout.SessionAuthorized }
