package cloudemulator

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
)

// SignatureDate is how the Date header of a signed call is written, in UTC.
const SignatureDate = "2006-01-02 15:04:05"

// Signature is what stands behind the client's id in the Authorization header
// of a signed call: path is that of the operation, such as /entity.count, date
// the text of the Date header, and form the parameters, not encoded.
func Signature(secret, path, date string, form url.Values) string {
	var pairs []string
	for name, all := range form {
		for _, value := range all {
			pairs = append(pairs, name+"="+value)
		}
	}
	slices.Sort(pairs)
	message := path + "\n" + date + "\n"
	if len(pairs) > 0 {
		message += strings.Join(pairs, "\n") + "\n"
	}
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write([]byte(message))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
