package cloudemulator

import "net/http"

// control answers what is asked of the emulator and not of the service.
func (e *Emulator) control(w http.ResponseWriter, r *http.Request) {
	http.NotFound(w, r)
}
