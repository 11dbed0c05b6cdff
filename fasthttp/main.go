// Hello world with fasthttp.
package main

import (
	"runtime"

	"github.com/valyala/fasthttp"
)

// somebody is what the Python servers await. Go has no coroutine to await: the equivalent
// is a call, kept from being optimised away.
//
//go:noinline
func somebody() {}

func handle(ctx *fasthttp.RequestCtx) {
	if string(ctx.Path()) != "/" || !(ctx.IsGet() || ctx.IsHead()) {
		ctx.Error("Not found", fasthttp.StatusNotFound)
		return
	}
	somebody()
	ctx.SetContentType("text/plain; charset=utf-8")
	ctx.SetBodyString("Hello world!")
}

func main() {
	address, workers := settingsOrExit()
	runtime.GOMAXPROCS(workers)
	server := &fasthttp.Server{Handler: handle}
	serveUntilSIGTERM(address, server.Serve)
}
