package cloudemulator

import (
	"net/url"
	"testing"
)

func TestSignatureIsThatOfTheService(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path, date, secret, want string
		form                     url.Values
	}{
		{
			"/entity.count", "2020-01-02 03:04:05", "s3cret", "ldsEbgKzK3LaO8KuwWb4tjZSFqU=",
			url.Values{"type_name": {"user"}, "timeout": {"10"}},
		},
		{
			"/entity", "2000-01-01 01:01:01", "bar", "G3N5RxCVc0d6rDLmBRGvcg2hCVY=",
			url.Values{"param1": {"this is a string"}, "param2": {"10"}, "param3": {"one=1\ntwo=2,three=3"}},
		},
	} {
		if got := Signature(c.secret, c.path, c.date, c.form); got != c.want {
			t.Errorf("%s: got %s, want %s", c.path, got, c.want)
		}
	}
}
