package main

import "syscall"

// On Linux the child also dies with leash itself, should leash be the one that is killed.
func inOwnGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
