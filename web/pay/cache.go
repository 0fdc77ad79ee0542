package pay

import (
	"sync"
	"time"

	"kassa/internal/checkout"
	"kassa/web/page"
)

// pageCache keeps drawn pages. A key names the stored version that the page was drawn from, which is
// read anew for each request, so an entry can never be older than the session; channels and the
// merchant's settings may be, by the 5 s that an entry lives.
type pageCache struct {
	mu sync.RWMutex
	m  map[cacheKey]cachedPage
}

const (
	cacheEntries = 1024
	cacheLife    = 5 * time.Second
)

type cacheKey struct {
	id       string
	version  int64
	state    checkout.SessionState
	lang     string
	query    string
	merchant int64
}

type cachedPage struct {
	page  *page.Rendered
	until time.Time
}

func newPageCache() pageCache { return pageCache{m: map[cacheKey]cachedPage{}} }

func (c *pageCache) get(k cacheKey) (*page.Rendered, bool) {
	c.mu.RLock()
	e, ok := c.m[k]
	c.mu.RUnlock()
	return e.page, ok && time.Now().Before(e.until)
}

// put keeps a page; when the cache is full it starts again with what is still alive.
func (c *pageCache) put(k cacheKey, p *page.Rendered) {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.m) >= cacheEntries {
		for old, e := range c.m {
			if now.After(e.until) {
				delete(c.m, old)
			}
		}
		if len(c.m) >= cacheEntries {
			clear(c.m)
		}
	}
	c.m[k] = cachedPage{p, now.Add(cacheLife)}
}
