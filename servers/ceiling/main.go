// Canned bytes for every blank line: the least work that a client of HTTP/1.1 takes for a server.
package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/netip"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"
	"unsafe"
)

const (
	backlog    = 1024
	readSize   = 64 << 10
	mostEvents = 256
	mostAtOnce = 1024 // answers in one write
)

var (
	endOfRequest = []byte("\r\n\r\n")
	wantsClose   = []byte("\r\nConnection: close\r\n")
)

// answer has the header fields of the frameworks, so that the path carries as many bytes.
func answer(now time.Time) []byte {
	const body = "Hello world!"
	return fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nDate: %s\r\nContent-Type: text/plain; charset=utf-8\r\n"+
		"Content-Length: %d\r\n\r\n%s", now.UTC().Format(http.TimeFormat), len(body), body)
}

// connection is what must be known of one between two reads.
type connection struct {
	tail    [3]byte // what may be the beginning of a blank line
	kept    uint8   // how much of it
	met     bool    // has been read from
	closing bool    // once nothing is owed
	owed    int     // bytes of answers not yet written
}

// count says how many requests end in what was read. It stands in buffer from 3 on: there is room
// for the tail of the read before.
func (c *connection) count(buffer []byte, read int) int {
	data := buffer[3-int(c.kept) : 3+read]
	copy(data, c.tail[:c.kept])
	requests := 0
	for {
		end := bytes.Index(data, endOfRequest)
		if end < 0 {
			break
		}
		requests++
		data = data[end+len(endOfRequest):]
	}
	if len(data) > len(c.tail) {
		data = data[len(data)-len(c.tail):]
	}
	c.kept = uint8(copy(c.tail[:], data))
	return requests
}

// loop is one worker: its own listener, epoll and connections (by descriptor).
type loop struct {
	epoll, listener int
	connections     []connection
	buffer          []byte
	one, canned     int    // length of one answer, and of all in answers
	answers         []byte // one answer after the other
}

// raw calls the kernel and does not tell Go's scheduler, which has nothing else to run.
func raw(call uintptr, fd int, data unsafe.Pointer, length int) (int, syscall.Errno) {
	done, _, err := syscall.RawSyscall(call, uintptr(fd), uintptr(data), uintptr(length))
	return int(done), err
}

func (l *loop) watch(operation, fd int, events uint32) error {
	return syscall.EpollCtl(l.epoll, operation, fd, &syscall.EpollEvent{Events: events, Fd: int32(fd)})
}

func (l *loop) run() error {
	events := make([]syscall.EpollEvent, mostEvents)
	for {
		ready, _, err := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, uintptr(l.epoll),
			uintptr(unsafe.Pointer(&events[0])), mostEvents, ^uintptr(0), 0, 0)
		if err == syscall.EINTR {
			continue
		}
		if err != 0 {
			return fmt.Errorf("epoll_pwait: %w", err)
		}
		for i := range events[:ready] {
			fd := int(events[i].Fd)
			if fd == l.listener {
				if err := l.accept(); err != nil {
					return err
				}
			} else if !l.serve(fd) {
				syscall.Close(fd)
			}
		}
	}
}

func (l *loop) accept() error {
	for {
		fd, _, err := syscall.Accept4(l.listener, syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC)
		switch err {
		case nil:
		case syscall.EAGAIN:
			return nil
		case syscall.EINTR, syscall.ECONNABORTED:
			continue
		default:
			return fmt.Errorf("accept4: %w", err)
		}
		for len(l.connections) <= fd {
			l.connections = append(l.connections, make([]connection, 1024)...)
		}
		l.connections[fd] = connection{}
		if err := l.watch(syscall.EPOLL_CTL_ADD, fd, syscall.EPOLLIN); err != nil {
			return fmt.Errorf("epoll_ctl: %w", err)
		}
	}
}

// serve reads once and writes once; it is false where the connection is over.
func (l *loop) serve(fd int) bool {
	c := &l.connections[fd]
	if c.owed > 0 { // it was waiting for room, and not reading
		return l.write(fd, c) && (c.owed > 0 || l.watch(syscall.EPOLL_CTL_MOD, fd, syscall.EPOLLIN) == nil)
	}
	read, err := raw(syscall.SYS_READ, fd, unsafe.Pointer(&l.buffer[3]), readSize)
	if err == syscall.EAGAIN || err == syscall.EINTR {
		return true
	}
	if err != 0 || read == 0 {
		return false
	}
	if !c.met {
		c.met = true
		c.closing = bytes.Contains(l.buffer[3:3+read], wantsClose)
	}
	c.owed = c.count(l.buffer, read) * l.one
	if c.owed == 0 {
		return true
	}
	return l.write(fd, c) && (c.owed == 0 || l.watch(syscall.EPOLL_CTL_MOD, fd, syscall.EPOLLOUT) == nil)
}

// write goes on where the last answer was cut; it is false where the connection is over.
func (l *loop) write(fd int, c *connection) bool {
	for c.owed > 0 {
		from := (l.one - c.owed%l.one) % l.one
		most := min(c.owed, l.canned-from)
		written, err := raw(syscall.SYS_WRITE, fd, unsafe.Pointer(&l.answers[from]), most)
		if err == syscall.EINTR {
			continue
		}
		if err == syscall.EAGAIN {
			return true
		}
		if err != 0 {
			return false
		}
		c.owed -= written
	}
	return !c.closing
}

// listen is a socket of the address; several workers have one each, and the kernel deals out.
func listen(address netip.AddrPort) (int, error) {
	ip := address.Addr().Unmap()
	family := syscall.AF_INET6
	var where syscall.Sockaddr = &syscall.SockaddrInet6{Port: int(address.Port()), Addr: ip.As16()}
	if ip.Is4() {
		family = syscall.AF_INET
		where = &syscall.SockaddrInet4{Port: int(address.Port()), Addr: ip.As4()}
	}
	fd, err := syscall.Socket(family, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("socket: %w", err)
	}
	const reusePort = 15 // SO_REUSEPORT, which package syscall does not name
	for _, option := range []struct{ level, name int }{
		{syscall.SOL_SOCKET, syscall.SO_REUSEADDR},
		{syscall.SOL_SOCKET, reusePort},
		{syscall.IPPROTO_TCP, syscall.TCP_NODELAY}, // what is accepted inherits it
	} {
		if err := syscall.SetsockoptInt(fd, option.level, option.name, 1); err != nil {
			return -1, fmt.Errorf("setsockopt: %w", err)
		}
	}
	if err := syscall.Bind(fd, where); err != nil {
		return -1, fmt.Errorf("bind to %s: %w", address, err)
	}
	if err := syscall.Listen(fd, backlog); err != nil {
		return -1, fmt.Errorf("listen: %w", err)
	}
	return fd, nil
}

func newLoop(address netip.AddrPort, one []byte) (*loop, error) {
	listener, err := listen(address)
	if err != nil {
		return nil, err
	}
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll_create1: %w", err)
	}
	answers := bytes.Repeat(one, mostAtOnce)
	l := &loop{
		epoll: epoll, listener: listener, buffer: make([]byte, 3+readSize),
		one: len(one), canned: len(answers), answers: answers,
	}
	return l, l.watch(syscall.EPOLL_CTL_ADD, listener, syscall.EPOLLIN)
}

func main() {
	address, workers := settingsOrExit()
	// A loop waits in the kernel without giving its processor back: one more for the runtime.
	runtime.GOMAXPROCS(workers + 1)
	debug.SetGCPercent(-1) // nothing is allocated but for new connections
	one := answer(time.Now())
	failed := make(chan error)
	for range workers {
		l, err := newLoop(address, one)
		if err != nil {
			fail(1, err)
		}
		go func() {
			runtime.LockOSThread()
			failed <- l.run()
		}()
	}
	fail(1, <-failed)
}
