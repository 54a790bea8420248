package caller

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Sign signs a request as of a given time.
func Sign(h *HMAC, request *http.Request, path string, form url.Values, now time.Time) error {
	return Auth{HMAC: h}.sign(request, path, form, nil, now)
}

// SlowConnections has each connection of a caller take that much longer.
func SlowConnections(c *Caller, longer time.Duration) {
	transport := c.client.Transport.(*http.Transport)
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, at string) (net.Conn, error) {
		time.Sleep(longer)
		return dial(ctx, network, at)
	}
}

// RateShare is how much of its full rate a caller keeps to now.
func RateShare(c *Caller) float64 {
	return float64(c.turnstile.bucket.Limit() / c.turnstile.full)
}
