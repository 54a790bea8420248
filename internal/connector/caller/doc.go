// Package caller makes calls of an HTTP API with good manners: within a rate and
// a number of calls at a time that hold over all who call, with time-outs on
// everything, slower while the API throttles, patiently where a call has
// certainly not been carried out, and never again where that is not known.
//
// What it cannot do: fetch access tokens that expire (OAuth flows), follow
// redirects of calls that write, and share its limits with other processes.
package caller
