package report

import (
	"fmt"
	"io"

	"landfall/internal/indexwork"
)

// IndexesAway names the indexes that runs took and did not give back, and how
// they come back; nothing where there are none.
func IndexesAway(w io.Writer, away []indexwork.Dropped) {
	if len(away) == 0 {
		return
	}
	fmt.Fprintln(w, "Indexes are away; `landfall indexes rebuild` makes them again, and so does the end of the next run:")
	for i := range away {
		d := &away[i]
		fmt.Fprintf(w, "  %s, taken by run %s at %s\n", d, d.Run, d.DroppedAt)
		if d.Error != "" {
			fmt.Fprintf(w, "      could not be made again: %s\n", d.Error)
		}
	}
}
