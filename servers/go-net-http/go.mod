module async-pipeline-bench/go-net-http

go 1.26.0
