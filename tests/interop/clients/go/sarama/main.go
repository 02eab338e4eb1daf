// sarama drives IBM/sarama, pinned to a version of Kafka: sarama BOOTSTRAP (2.1|2.8|newest)
package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"barnabas/clients/driver"

	"github.com/IBM/sarama"
)

const patience = 30 * time.Second

type client struct {
	driver.Members
	seeds   []string
	version sarama.KafkaVersion
	client  sarama.Client
	admin   sarama.ClusterAdmin
	load    *load
}

func main() {
	version := map[string]sarama.KafkaVersion{
		"2.1": sarama.V2_1_0_0, "2.8": sarama.V2_8_0_0, "newest": sarama.MaxVersion,
	}[os.Args[2]]
	c := &client{seeds: strings.Split(os.Args[1], ","), version: version}
	var err error
	if c.client, err = sarama.NewClient(c.seeds, c.config()); err != nil {
		panic(err)
	}
	if c.admin, err = sarama.NewClusterAdminFromClient(c.client); err != nil {
		panic(err)
	}
	driver.Run(c, code)
}

func (c *client) config() *sarama.Config {
	config := sarama.NewConfig()
	config.Version = c.version
	config.Producer.Partitioner = sarama.NewManualPartitioner
	config.Producer.Return.Successes = true
	// A consumer closes only after a fetch, which is 500 ms by default.
	config.Consumer.MaxWaitTime = 50 * time.Millisecond
	return config
}

func code(err error) int16 {
	var failed sarama.ProducerErrors
	if errors.As(err, &failed) {
		err = failed[0]
	}
	var known sarama.KError
	if errors.As(err, &known) {
		return int16(known)
	}
	return -1
}

func (c *client) Create(command driver.Command) error {
	return c.admin.CreateTopic(command.Topic, &sarama.TopicDetail{
		NumPartitions: command.Partitions, ReplicationFactor: command.Replicas, ConfigEntries: command.Configs,
	}, false)
}

func (c *client) Delete(topic string) error {
	return c.admin.DeleteTopic(topic)
}

func (c *client) Grow(topic string, partitions int32) error {
	return c.admin.CreatePartitions(topic, partitions, nil, false)
}

func (c *client) Topics() (map[string]int, error) {
	details, err := c.admin.ListTopics()
	topics := map[string]int{}
	for name, detail := range details {
		topics[name] = int(detail.NumPartitions)
	}
	return topics, err
}

func (c *client) Configs(topic string) (map[string]string, error) {
	entries, err := c.admin.DescribeConfig(sarama.ConfigResource{Type: sarama.TopicResource, Name: topic})
	configs := map[string]string{}
	for _, entry := range entries {
		configs[entry.Name] = entry.Value
	}
	return configs, err
}

func (c *client) Set(topic string, configs map[string]*string) error {
	changes := map[string]sarama.IncrementalAlterConfigsEntry{}
	for name, value := range configs {
		change := sarama.IncrementalAlterConfigsEntry{Operation: sarama.IncrementalAlterConfigsOperationSet, Value: value}
		if value == nil {
			change.Operation = sarama.IncrementalAlterConfigsOperationDelete
		}
		changes[name] = change
	}
	return c.admin.IncrementalAlterConfig(sarama.TopicResource, topic, changes, false)
}

func (c *client) Replace(topic string, configs map[string]*string) error {
	return c.admin.AlterConfig(sarama.TopicResource, topic, configs, false)
}

func (c *client) ListOffset(topic string, partition int32, timestamp int64) (int64, error) {
	return c.client.GetOffset(topic, partition, timestamp)
}

func (c *client) Produce(command driver.Command) ([]int64, error) {
	config := c.config()
	config.Producer.Compression = map[string]sarama.CompressionCodec{
		"none": sarama.CompressionNone, "gzip": sarama.CompressionGZIP, "snappy": sarama.CompressionSnappy,
		"lz4": sarama.CompressionLZ4, "zstd": sarama.CompressionZSTD,
	}[command.Codec]
	config.Producer.RequiredAcks = map[string]sarama.RequiredAcks{
		"0": sarama.NoResponse, "1": sarama.WaitForLocal, "all": sarama.WaitForAll,
	}[command.Acks]
	if command.Idempotent {
		config.Producer.Idempotent = true
		config.Net.MaxOpenRequests = 1
	}
	producer, err := sarama.NewSyncProducer(c.seeds, config)
	if err != nil {
		return nil, err
	}
	defer producer.Close()
	var messages []*sarama.ProducerMessage
	for _, record := range command.Records {
		message := &sarama.ProducerMessage{
			Topic: command.Topic, Partition: command.Partition,
			Key: sarama.StringEncoder(record.Key), Value: sarama.StringEncoder(record.Value),
			Headers: []sarama.RecordHeader{{Key: []byte("h"), Value: []byte(record.Header)}},
		}
		if record.Timestamp != 0 {
			message.Timestamp = time.UnixMilli(record.Timestamp)
		}
		messages = append(messages, message)
	}
	err = producer.SendMessages(messages)
	var offsets []int64
	for _, message := range messages {
		offsets = append(offsets, message.Offset)
	}
	return offsets, err
}

// consumer reads one partition.
type consumer struct {
	sarama.Consumer
	partition sarama.PartitionConsumer
}

func (c *client) consume(topic string, partition int32, offset int64) (*consumer, error) {
	opened, err := sarama.NewConsumer(c.seeds, c.config())
	if err != nil {
		return nil, err
	}
	messages, err := opened.ConsumePartition(topic, partition, offset)
	if err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	return &consumer{opened, messages}, nil
}

func (c *consumer) Close() {
	c.partition.Close()
	c.Consumer.Close()
}

func (c *client) Fetch(command driver.Command) ([]driver.Record, error) {
	consumer, err := c.consume(command.Topic, command.Partition, command.Offset)
	if err != nil {
		return nil, err
	}
	defer consumer.Close()
	deadline := time.After(patience)
	var records []driver.Record
	for len(records) < command.Count {
		select {
		case m := <-consumer.partition.Messages():
			records = append(records, driver.Record{
				Offset: m.Offset, Timestamp: m.Timestamp.UnixMilli(), Key: string(m.Key), Value: string(m.Value),
				Header: string(m.Headers[0].Value),
			})
		case <-deadline:
			return nil, fmt.Errorf("%d records after %v", len(records), patience)
		}
	}
	return records, nil
}

// load is a producer and a consumer that run until they are told to stop.
type load struct {
	producer sarama.SyncProducer
	consumer *consumer
	stop     chan struct{}
	running  sync.WaitGroup
	mutex    sync.Mutex
	loaded   driver.Loaded
}

func (c *client) StartLoad(topic string) error {
	config := c.config()
	config.Producer.Idempotent = true
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Net.MaxOpenRequests = 1
	// Its default gives up after 0.3 seconds.
	config.Producer.Retry.Max = 100
	producer, err := sarama.NewSyncProducer(c.seeds, config)
	if err != nil {
		return err
	}
	consumer, err := c.consume(topic, 0, 0)
	if err != nil {
		return err
	}
	c.load = &load{producer: producer, consumer: consumer, stop: make(chan struct{})}
	c.load.loaded.Acked = map[int64]int{}
	c.load.running.Add(1)
	go c.load.produce(topic)
	return nil
}

func (l *load) produce(topic string) {
	defer l.running.Done()
	for number := 0; ; number++ {
		select {
		case <-l.stop:
			return
		case <-time.After(2 * time.Millisecond):
		}
		value := sarama.StringEncoder(strconv.Itoa(number))
		_, offset, err := l.producer.SendMessage(&sarama.ProducerMessage{Topic: topic, Value: value})
		l.mutex.Lock()
		if err != nil {
			l.loaded.Failed = append(l.loaded.Failed, err.Error())
		} else {
			l.loaded.Acked[offset] = number
		}
		l.mutex.Unlock()
	}
}

func (c *client) Acked() int {
	c.load.mutex.Lock()
	defer c.load.mutex.Unlock()
	return len(c.load.loaded.Acked)
}

func (c *client) StopLoad() (driver.Loaded, error) {
	l := c.load
	close(l.stop)
	l.running.Wait()
	defer l.consumer.Close()
	defer l.producer.Close()
	deadline := time.After(patience)
	for len(l.loaded.Fetched) < len(l.loaded.Acked) {
		select {
		case m := <-l.consumer.partition.Messages():
			number, _ := strconv.Atoi(string(m.Value))
			l.loaded.Fetched = append(l.loaded.Fetched, number)
		case <-deadline:
			return l.loaded, fmt.Errorf("%d records fetched", len(l.loaded.Fetched))
		}
	}
	return l.loaded, nil
}
