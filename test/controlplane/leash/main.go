// Command leash runs its arguments as a child that cannot outlive whoever holds leash's stdin.
//
// The child gets a process group of its own. SIGTERM, SIGINT and SIGHUP are passed on to that group;
// SIGUSR1 freezes it and SIGUSR2 lets it go on.
// When stdin reaches its end, which the kernel brings about even when the holder dies by SIGKILL, the
// group is killed at once. leash exits as the child did: its code, or 128 + the signal's number.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: leash COMMAND [ARGUMENT…]")
		os.Exit(2)
	}
	child := exec.Command(os.Args[1], os.Args[2:]...)
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	child.SysProcAttr = inOwnGroup()
	// The parent-death signal counts the death of the thread that forked, so that thread must last.
	runtime.LockOSThread()

	// Before the start: a SIGTERM that comes in between must find a listener.
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2)

	if err := child.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "leash:", err)
		os.Exit(127)
	}
	group := -child.Process.Pid

	go func() {
		for received := range signals {
			_ = syscall.Kill(group, translated(received.(syscall.Signal)))
		}
	}()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = syscall.Kill(group, syscall.SIGKILL)
	}()

	err := child.Wait()
	// What the child started and left behind goes with it.
	_ = syscall.Kill(group, syscall.SIGKILL)
	os.Exit(code(child, err))
}

func translated(received syscall.Signal) syscall.Signal {
	switch received {
	case syscall.SIGUSR1:
		return syscall.SIGSTOP
	case syscall.SIGUSR2:
		return syscall.SIGCONT
	default:
		return received
	}
}

func code(child *exec.Cmd, err error) int {
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		fmt.Fprintln(os.Stderr, "leash:", err)
		return 127
	}
	status := child.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}
