// Hello world with the net/http of Go's standard library.
package main

import (
	"io"
	"net/http"
	"runtime"
)

// somebody is what the Python servers await. Go has no coroutine to await: the equivalent
// is a call, kept from being optimised away.
//
//go:noinline
func somebody() {}

func hello(w http.ResponseWriter, _ *http.Request) {
	somebody()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	io.WriteString(w, "Hello world!")
}

func handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", hello) // and HEAD
	mux.HandleFunc("/", http.NotFound)
	return mux
}

func main() {
	address, workers := settingsOrExit()
	runtime.GOMAXPROCS(workers)
	server := &http.Server{Handler: handler()}
	serveUntilSIGTERM(address, server.Serve)
}
