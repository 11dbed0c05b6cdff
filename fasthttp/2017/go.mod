module async-pipeline-bench/fasthttp

go 1.26.0

require github.com/valyala/fasthttp v1.0.0

require (
	github.com/klauspost/compress v1.4.0 // indirect
	github.com/klauspost/cpuid v0.0.0-20180405133222-e7e905edc00e // indirect
	github.com/valyala/bytebufferpool v1.0.0 // indirect
)
