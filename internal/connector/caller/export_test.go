package caller

import (
	"net/http"
	"net/url"
	"time"
)

// Sign signs a request as of a given time.
func Sign(h *HMAC, request *http.Request, path string, form url.Values, now time.Time) error {
	return Auth{HMAC: h}.sign(request, path, form, nil, now)
}

// RateShare is how much of its full rate a caller keeps to now.
func RateShare(c *Caller) float64 {
	return float64(c.turnstile.bucket.Limit() / c.turnstile.full)
}
