package lab

import (
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"example.org/kmodsh/internal/kernel"
)

// BenchmarkCheckpoint saves a machine between small steps, and goes back by one
// and to the beginning. It prints what that takes, beside the same with plain
// files in the same run, and what a checkpoint takes on the disk, beside a
// plain stream and one that is compressed as a whole.
func BenchmarkCheckpoint(b *testing.B) {
	for _, series := range []string{"6.1", "6.12"} {
		b.Run(series, func(b *testing.B) {
			vm := openVM(b, series, Options{})
			ctx := b.Context()
			pool := vm.past.pool
			var save, back, plain time.Duration
			step := func(i int) {
				name := []string{"crc16", "mbcache", "minix"}[i%3]
				if _, err := vm.Load(ctx, kernel.LoadRequest{Name: name}); err != nil {
					b.Fatal(err)
				}
				if _, err := vm.Unload(ctx, kernel.UnloadRequest{Name: name}); err != nil {
					b.Fatal(err)
				}
			}
			if err := vm.checkpoint(ctx, 0); err != nil {
				b.Fatal(err)
			}
			packed(b, vm.past)
			first := pool.used()
			var whole int64
			n := 0
			for b.Loop() {
				step(n)
				n++
				began := time.Now()
				if err := vm.checkpoint(ctx, n); err != nil {
					b.Fatal(err)
				}
				save += time.Since(began)
				if n == 1 {
					whole = compressedWhole(b, vm.past, n)
				}
				// The newest is a plain file for a moment; go back to it, then
				// to the same once it is packed.
				began = time.Now()
				if _, err := vm.restoreTo(ctx, n); err != nil {
					b.Fatal(err)
				}
				plain += time.Since(began)
				packed(b, vm.past)
				began = time.Now()
				if _, err := vm.restoreTo(ctx, n); err != nil {
					b.Fatal(err)
				}
				back += time.Since(began)
			}
			each := float64(n)
			perCheckpoint := float64(pool.used()-first) / each
			b.ReportMetric(save.Seconds()/each, "save-s/op")
			b.ReportMetric(back.Seconds()/each, "restore-s/op")
			b.ReportMetric(back.Seconds()/plain.Seconds(), "restore/plain")
			b.ReportMetric(perCheckpoint/1e3, "KB/checkpoint")
			b.ReportMetric(float64(pool.total)/float64(len(pool.images))/perCheckpoint, "plain/shared")
			b.ReportMetric(float64(whole)/perCheckpoint, "zstd/shared")
		})
	}
}

// compressedWhole returns how large the plain stream of a checkpoint is when it
// is compressed as a whole.
func compressedWhole(b *testing.B, s *past, pos int) int64 {
	stream, err := readStream(s, pos)
	if err != nil {
		b.Fatal(err)
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		b.Fatal(err)
	}
	defer enc.Close()
	return int64(len(enc.EncodeAll(stream, nil)))
}
