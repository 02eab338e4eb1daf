// franz drives franz-go (kgo, kadm): franz BOOTSTRAP
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"barnabas/clients/driver"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

const patience = 30 * time.Second

type client struct {
	driver.Members
	seeds      []string
	admin      *kadm.Client
	load       *load
	processors map[string]*processor
}

func main() {
	seeds := strings.Split(os.Args[1], ",")
	c := &client{seeds: seeds, processors: map[string]*processor{}}
	cl, err := c.open()
	if err != nil {
		panic(err)
	}
	c.admin = kadm.NewClient(cl)
	driver.Run(c, code)
}

func code(err error) int16 {
	var known *kerr.Error
	if errors.As(err, &known) {
		return known.Code
	}
	return -1
}

func bounded() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), patience)
}

func (c *client) Create(command driver.Command) error {
	ctx, cancel := bounded()
	defer cancel()
	_, err := c.admin.CreateTopic(ctx, command.Partitions, command.Replicas, command.Configs, command.Topic)
	return err
}

func (c *client) Delete(topic string) error {
	ctx, cancel := bounded()
	defer cancel()
	_, err := c.admin.DeleteTopic(ctx, topic)
	return err
}

func (c *client) Grow(topic string, partitions int32) error {
	ctx, cancel := bounded()
	defer cancel()
	answers, err := c.admin.UpdatePartitions(ctx, int(partitions), topic)
	return errors.Join(err, answers.Error())
}

func (c *client) Topics() (map[string]int, error) {
	ctx, cancel := bounded()
	defer cancel()
	details, err := c.admin.ListTopics(ctx)
	topics := map[string]int{}
	for name, detail := range details {
		topics[name] = len(detail.Partitions)
	}
	return topics, err
}

func (c *client) Configs(topic string) (map[string]string, error) {
	ctx, cancel := bounded()
	defer cancel()
	described, err := c.admin.DescribeTopicConfigs(ctx, topic)
	if err != nil {
		return nil, err
	}
	resource, err := described.On(topic, func(r *kadm.ResourceConfig) error { return r.Err })
	configs := map[string]string{}
	for _, config := range resource.Configs {
		configs[config.Key] = config.MaybeValue()
	}
	return configs, err
}

func (c *client) Set(topic string, configs map[string]*string) error {
	ctx, cancel := bounded()
	defer cancel()
	return altered(c.admin.AlterTopicConfigs(ctx, alterations(configs), topic))
}

func (c *client) Replace(topic string, configs map[string]*string) error {
	ctx, cancel := bounded()
	defer cancel()
	return altered(c.admin.AlterTopicConfigsState(ctx, alterations(configs), topic))
}

func alterations(configs map[string]*string) []kadm.AlterConfig {
	var changes []kadm.AlterConfig
	for name, value := range configs {
		change := kadm.AlterConfig{Op: kadm.SetConfig, Name: name, Value: value}
		if value == nil {
			change.Op = kadm.DeleteConfig
		}
		changes = append(changes, change)
	}
	return changes
}

func altered(answers kadm.AlterConfigsResponses, err error) error {
	for _, answer := range answers {
		err = errors.Join(err, answer.Err)
	}
	return err
}

func (c *client) ListOffset(topic string, partition int32, timestamp int64) (int64, error) {
	ctx, cancel := bounded()
	defer cancel()
	var listed kadm.ListedOffsets
	var err error
	switch timestamp {
	case -1:
		listed, err = c.admin.ListEndOffsets(ctx, topic)
	case -2:
		listed, err = c.admin.ListStartOffsets(ctx, topic)
	case -3:
		listed, err = c.admin.ListMaxTimestampOffsets(ctx, topic)
	default:
		listed, err = c.admin.ListOffsetsAfterMilli(ctx, timestamp, topic)
	}
	offset, found := listed.Lookup(topic, partition)
	if !found {
		return -1, fmt.Errorf("not listed: %w", err)
	}
	return offset.Offset, errors.Join(err, offset.Err)
}

func (c *client) open(options ...kgo.Opt) (*kgo.Client, error) {
	// By default it looks for news, such as a new leader or a new topic, every 5 seconds at most.
	return kgo.NewClient(append(options, kgo.SeedBrokers(c.seeds...), kgo.MetadataMinAge(100*time.Millisecond))...)
}

func (c *client) Produce(command driver.Command) ([]int64, error) {
	codec := map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}[command.Codec]
	acks := map[string]kgo.Acks{"0": kgo.NoAck(), "1": kgo.LeaderAck(), "all": kgo.AllISRAcks()}[command.Acks]
	options := []kgo.Opt{
		kgo.ProducerBatchCompression(codec), kgo.RequiredAcks(acks), kgo.RecordPartitioner(kgo.ManualPartitioner()),
	}
	if !command.Idempotent {
		options = append(options, kgo.DisableIdempotentWrite())
	}
	producer, err := c.open(options...)
	if err != nil {
		return nil, err
	}
	defer producer.Close()
	ctx, cancel := bounded()
	defer cancel()
	var records []*kgo.Record
	for _, record := range command.Records {
		made := &kgo.Record{
			Topic: command.Topic, Partition: command.Partition, Key: []byte(record.Key), Value: []byte(record.Value),
			Headers: []kgo.RecordHeader{{Key: "h", Value: []byte(record.Header)}},
		}
		if record.Timestamp != 0 {
			made.Timestamp = time.UnixMilli(record.Timestamp)
		}
		records = append(records, made)
	}
	results := producer.ProduceSync(ctx, records...)
	var offsets []int64
	for _, record := range records {
		offsets = append(offsets, record.Offset)
	}
	return offsets, results.FirstErr()
}

func (c *client) consume(topic string, partition int32, offset int64) (*kgo.Client, error) {
	return c.open(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{
		topic: {partition: kgo.NewOffset().At(offset)},
	}))
}

func (c *client) Fetch(command driver.Command) ([]driver.Record, error) {
	consumer, err := c.consume(command.Topic, command.Partition, command.Offset)
	if err != nil {
		return nil, err
	}
	defer consumer.Close()
	ctx, cancel := bounded()
	defer cancel()
	var records []driver.Record
	for len(records) < command.Count {
		fetches := consumer.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return nil, fmt.Errorf("after %d records: %w", len(records), err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			records = append(records, driver.Record{
				Offset: r.Offset, Timestamp: r.Timestamp.UnixMilli(), Key: string(r.Key), Value: string(r.Value),
				Header: string(r.Headers[0].Value),
			})
		})
	}
	return records, nil
}

// load is a producer and a consumer that run until they are told to stop.
type load struct {
	producer, consumer *kgo.Client
	stop               context.CancelFunc
	running            sync.WaitGroup
	mutex              sync.Mutex
	loaded             driver.Loaded
}

func (c *client) StartLoad(topic string) error {
	producer, err := c.open(kgo.DefaultProduceTopic(topic))
	if err != nil {
		return err
	}
	consumer, err := c.consume(topic, 0, 0)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	c.load = &load{producer: producer, consumer: consumer, stop: stop}
	c.load.loaded.Acked = map[int64]int{}
	c.load.running.Add(1)
	go c.load.produce(ctx)
	return nil
}

func (l *load) produce(ctx context.Context) {
	defer l.running.Done()
	for number := 0; ctx.Err() == nil; number++ {
		record := kgo.StringRecord(strconv.Itoa(number))
		l.producer.Produce(context.Background(), record, func(r *kgo.Record, err error) {
			l.mutex.Lock()
			defer l.mutex.Unlock()
			if err != nil {
				l.loaded.Failed = append(l.loaded.Failed, err.Error())
			} else {
				l.loaded.Acked[r.Offset] = number
			}
		})
		time.Sleep(2 * time.Millisecond)
	}
}

func (c *client) Acked() int {
	c.load.mutex.Lock()
	defer c.load.mutex.Unlock()
	return len(c.load.loaded.Acked)
}

func (c *client) StopLoad() (driver.Loaded, error) {
	l := c.load
	l.stop()
	l.running.Wait()
	ctx, cancel := bounded()
	defer cancel()
	defer l.producer.Close()
	defer l.consumer.Close()
	if err := l.producer.Flush(ctx); err != nil {
		return l.loaded, err
	}
	for len(l.loaded.Fetched) < len(l.loaded.Acked) {
		fetches := l.consumer.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return l.loaded, fmt.Errorf("after %d records: %w", len(l.loaded.Fetched), err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			number, _ := strconv.Atoi(string(r.Value))
			l.loaded.Fetched = append(l.loaded.Fetched, number)
		})
	}
	return l.loaded, nil
}
