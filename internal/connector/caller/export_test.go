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
