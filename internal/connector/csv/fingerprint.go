package csv

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"strconv"

	"landfall/internal/source"
)

// Fingerprint is the file's size and SHA-256.
func (o *Origin) Fingerprint(ctx context.Context) ([]source.Fact, error) {
	file, err := os.Open(o.path)
	if err != nil {
		return nil, o.missing(err)
	}
	defer file.Close()
	sum := sha256.New()
	// The stream hides the file's own ReadFrom and WriteTo, so that a cancelled
	// run does not first read a large file to its end.
	n, err := io.CopyBuffer(sum, &stream{ctx: ctx, file: file, origin: o}, make([]byte, bufferSize))
	if err != nil {
		return nil, err
	}
	return []source.Fact{
		{Name: "size", Value: strconv.FormatInt(n, 10)},
		{Name: "sha256", Value: hex.EncodeToString(sum.Sum(nil))},
	}, nil
}
