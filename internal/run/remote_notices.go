package run

import (
	"sync/atomic"
	"time"

	"landfall/internal/target"
)

// Notices has what calls of an API wait for told, some once in a while.
func Notices(tell func(Event)) func(target.Notice) {
	var last [2]atomic.Int64 // when it was said, in nanoseconds: waiting, slowed
	return func(n target.Notice) {
		kind, at := EventWaiting, &last[0]
		if n.Slowed {
			kind, at = EventSlowed, &last[1]
		}
		now := time.Now().UnixNano()
		if before := at.Load(); now-before < int64(noticeEvery) || !at.CompareAndSwap(before, now) {
			return
		}
		tell(Event{Kind: kind, Message: n.Message, Total: -1, Percent: -1})
	}
}
