module async-pipeline-bench/ceiling

go 1.26.0
