//go:build !linux

package servertest

import "syscall"

// dieWithParent does nothing where the kernel has no such thing.
func dieWithParent(*syscall.SysProcAttr) {}
