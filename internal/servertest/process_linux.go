package servertest

import "syscall"

// dieWithParent asks the kernel to shut the server down when we are killed, so
// that a test which runs into its time-out leaves no server behind.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGQUIT }
