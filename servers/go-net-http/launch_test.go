package main

import "testing"

func TestSettings(t *testing.T) {
	for _, c := range []struct{ host, port, count, want string }{
		{"127.0.0.1", "80", "", "127.0.0.1:80"},
		{"::1", "80", "2", "[::1]:80"},
		{"localhost", "80", "1", ""},
		{"", "80", "1", ""},
		{"127.0.0.1", "", "1", ""},
		{"127.0.0.1", "0", "1", ""},
		{"127.0.0.1", "65536", "1", ""},
		{"127.0.0.1", "80", "0", ""},
		{"127.0.0.1", "80", "-1", ""},
		{"127.0.0.1", "80", "two", ""},
	} {
		env := map[string]string{"BENCH_ADDRESS": c.host, "BENCH_PORT": c.port, "BENCH_WORKERS": c.count}
		got, _, err := settings(func(name string) string { return env[name] })
		if (err == nil) != (c.want != "") || (err == nil && got.String() != c.want) {
			t.Errorf("%v: got %q, %v", c, got, err)
		}
	}
}
