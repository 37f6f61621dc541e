// The load generator for etcd: closed-loop clients over clientv3, ordered about by lines of JSON on standard input and answering with lines of JSON,
// exactly as its counterpart seedraft-load.ts does. What is measured, and how, must stay the same in both.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"sort"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"go.etcd.io/etcd/clientv3"
	"go.uber.org/zap"
)

type order struct {
	Do          string   `json:"do"`
	Endpoints   []string `json:"endpoints"`
	Connections int      `json:"connections"`
	Clients     int      `json:"clients"`
	Keys        int      `json:"keys"`
	WarmMs      int      `json:"warmMs"`
	MeasureMs   int      `json:"measureMs"`
	Pid         int      `json:"pid"`
}

const (
	valueBytes   = 256
	callTimeout  = 10 * time.Second
	outageProbe  = 5 * time.Millisecond
	outageWithin = 30 * time.Second
)

var value = string(make([]byte, valueBytes))

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var o order
		must(json.Unmarshal(lines.Bytes(), &o))
		switch o.Do {
		case "leader":
			answer(map[string]interface{}{"leader": leader(o)})
		case "fill":
			fill(o)
			answer(map[string]interface{}{})
		case "puts", "lone puts", "gets":
			answer(throughput(o))
		case "failover":
			answer(failover(o))
		}
	}
}

// The client address of the member that leads; "" while not all members answer and agree.
func leader(o order) string {
	client := dial(o)
	defer client.Close()
	found, address := uint64(0), ""
	for n, endpoint := range o.Endpoints {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		status, err := client.Status(ctx, endpoint)
		cancel()
		if err != nil || status.Leader == 0 || n > 0 && status.Leader != found {
			return ""
		}
		found = status.Leader
		if found == status.Header.MemberId {
			address = endpoint
		}
	}
	return address
}

// Every key once, so that each get finds a value.
func fill(o order) {
	client := dial(o)
	defer client.Close()
	const chunk = 100
	for from := 0; from < o.Keys; from += chunk {
		puts := make([]clientv3.Op, 0, chunk)
		for n := from; n < from+chunk && n < o.Keys; n++ {
			puts = append(puts, clientv3.OpPut(key(n), value))
		}
		ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
		_, err := client.Txn(ctx).Then(puts...).Commit()
		cancel()
		must(err)
	}
}

func throughput(o order) interface{} {
	clients := make([]*clientv3.Client, o.Connections)
	for n := range clients {
		clients[n] = dial(o)
		defer clients[n].Close()
	}
	var isMeasured, isOver atomic.Bool
	var failed atomic.Int64
	latencies := make([][]float64, o.Clients)
	var loops sync.WaitGroup
	for n := 0; n < o.Clients; n++ {
		loops.Add(1)
		go func(n int, client *clientv3.Client) {
			defer loops.Done()
			draw := rand.New(rand.NewSource(int64(n)))
			for !isOver.Load() {
				began := time.Now()
				if err := call(client, o.Do, key(draw.Intn(o.Keys))); err != nil {
					failed.Add(1)
				} else if isMeasured.Load() && !isOver.Load() {
					latencies[n] = append(latencies[n], time.Since(began).Seconds()*1000)
				}
			}
		}(n, clients[n%len(clients)])
	}
	time.Sleep(time.Duration(o.WarmMs) * time.Millisecond)
	answer(map[string]interface{}{"event": "begin"})
	cpuBefore, began := cpuSeconds(), time.Now()
	isMeasured.Store(true)
	time.Sleep(time.Duration(o.MeasureMs) * time.Millisecond)
	isOver.Store(true)
	seconds, cpu := time.Since(began).Seconds(), cpuSeconds()-cpuBefore
	answer(map[string]interface{}{"event": "end"})
	loops.Wait()
	all := []float64{}
	for _, some := range latencies {
		all = append(all, some...)
	}
	sort.Float64s(all)
	return map[string]interface{}{
		"perSecond": float64(len(all)) / seconds,
		"p50":       quantile(all, 0.5),
		"p99":       quantile(all, 0.99),
		"cores":     cpu / seconds,
		"failed":    failed.Load(),
	}
}

// Kills the leader and tells after how many milliseconds the first write that began after the kill was done. One begins every few milliseconds.
func failover(o order) interface{} {
	client := dial(o)
	defer client.Close()
	for n := 0; n < 20; n++ {
		must(call(client, "puts", key(n)))
		time.Sleep(10 * time.Millisecond)
	}
	must(syscall.Kill(o.Pid, syscall.SIGKILL))
	began := time.Now()
	done := make(chan float64, 1)
	probe := time.NewTicker(outageProbe)
	defer probe.Stop()
	for n := 0; ; n++ {
		select {
		case ms := <-done:
			return map[string]interface{}{"milliseconds": ms}
		case <-probe.C:
			if time.Since(began) > outageWithin {
				must(fmt.Errorf("no write succeeded within %v of the kill", outageWithin))
			}
			go func(n int) {
				if call(client, "puts", key(n%o.Keys)) == nil {
					select {
					case done <- time.Since(began).Seconds() * 1000:
					default:
					}
				}
			}(n)
		}
	}
}

func call(client *clientv3.Client, what string, key string) error {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	if what != "gets" {
		_, err := client.Put(ctx, key, value)
		return err
	}
	found, err := client.Get(ctx, key)
	if err == nil && len(found.Kvs) != 1 {
		return fmt.Errorf("%s is not there", key)
	}
	return err
}

func dial(o order) *clientv3.Client {
	quiet := zap.NewProductionConfig()
	quiet.Level.SetLevel(zap.ErrorLevel)
	client, err := clientv3.New(clientv3.Config{Endpoints: o.Endpoints, DialTimeout: 5 * time.Second, LogConfig: &quiet})
	must(err)
	return client
}

func key(n int) string { return fmt.Sprintf("key%06d", n) }

func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[int(q*float64(len(sorted)-1))]
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	of := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return of(usage.Utime) + of(usage.Stime)
}

func answer(value interface{}) {
	text, err := json.Marshal(value)
	must(err)
	fmt.Println(string(text))
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
