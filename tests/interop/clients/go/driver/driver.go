// Package driver lets a test drive a client: a command a line on stdin (JSON), an answer a line on stdout.
//
// See clients/client.py for the commands.
package driver

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

// Record is what is produced and fetched; it has one header, named "h". Timestamp (ms) 0 is the client's own choice.
type Record struct {
	Offset    int64  `json:"offset"`
	Timestamp int64  `json:"timestamp"`
	Key       string `json:"key"`
	Value     string `json:"value"`
	Header    string `json:"header"`
}

// Command has the arguments of all commands; each uses some.
type Command struct {
	Do              string             `json:"do"`
	Topic           string             `json:"topic"`
	Partitions      int32              `json:"partitions"`
	Replicas        int16              `json:"replicas"`
	Configs         map[string]*string `json:"configs"`
	Partition       int32              `json:"partition"`
	Codec           string             `json:"codec"`
	Acks            string             `json:"acks"`
	Idempotent      bool               `json:"idempotent"`
	Records         []Record           `json:"records"`
	Offset          int64              `json:"offset"`
	Count           int                `json:"count"`
	Timestamp       int64              `json:"timestamp"`
	Group           string             `json:"group"`
	Member          string             `json:"member"`
	Protocol        string             `json:"protocol"`
	Target          string             `json:"target"`
	TransactionalID string             `json:"transactional_id"`
}

// Client is what a client library can do.
type Client interface {
	Create(command Command) error
	Delete(topic string) error
	Grow(topic string, partitions int32) error
	// Topics has the number of partitions of each topic.
	Topics() (map[string]int, error)
	Configs(topic string) (map[string]string, error)
	// Set changes some configurations; a nil value deletes one.
	Set(topic string, configs map[string]*string) error
	// Replace sets these configurations and deletes all others.
	Replace(topic string, configs map[string]*string) error
	// Produce returns the offsets.
	Produce(command Command) ([]int64, error)
	// Fetch reads Count records of one partition from Offset on.
	Fetch(command Command) ([]Record, error)
	// ListOffset has what ListOffsets answers for a timestamp (ms) or a special value.
	ListOffset(topic string, partition int32, timestamp int64) (int64, error)
	// StartLoad produces values 0, 1, 2, ... to partition 0, idempotent, and fetches them, until StopLoad.
	StartLoad(topic string) error
	Acked() int
	StopLoad() (Loaded, error)
	// Join starts a member of a group; it reads a topic and commits until Leave returns.
	Join(command Command) error
	Leave(member string) error
	// Heard has what happened to all members since it was asked last.
	Heard() []Event
}

// Loaded is what became of a load: the value acknowledged for each offset, errors, and the values fetched, in order.
type Loaded struct {
	Acked   map[int64]int `json:"acked"`
	Failed  []string      `json:"failed"`
	Fetched []int         `json:"fetched"`
}

type answer struct {
	Result any    `json:"result"`
	Error  string `json:"error,omitempty"`
	Code   int16  `json:"code,omitempty"`
}

// Run obeys until stdin ends. code finds the error code of the protocol in an error, or -1.
func Run(client Client, code func(error) int16) {
	lines := bufio.NewReader(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var command Command
		if err := json.Unmarshal(line, &command); err != nil {
			panic(err)
		}
		result, err := obey(client, command)
		reply := answer{Result: result}
		if err != nil {
			reply = answer{Error: err.Error(), Code: code(err)}
		}
		if err := out.Encode(reply); err != nil {
			panic(err)
		}
	}
}

func obey(client Client, c Command) (any, error) {
	switch c.Do {
	case "create":
		return nil, client.Create(c)
	case "delete":
		return nil, client.Delete(c.Topic)
	case "grow":
		return nil, client.Grow(c.Topic, c.Partitions)
	case "topics":
		return client.Topics()
	case "configs":
		return client.Configs(c.Topic)
	case "set":
		return nil, client.Set(c.Topic, c.Configs)
	case "replace":
		return nil, client.Replace(c.Topic, c.Configs)
	case "produce":
		return client.Produce(c)
	case "fetch":
		return client.Fetch(c)
	case "list_offset":
		return client.ListOffset(c.Topic, c.Partition, c.Timestamp)
	case "start_load":
		return nil, client.StartLoad(c.Topic)
	case "acked":
		return client.Acked(), nil
	case "stop_load":
		return client.StopLoad()
	case "join":
		return nil, client.Join(c)
	case "leave":
		return nil, client.Leave(c.Member)
	case "heard":
		return client.Heard(), nil
	case "process", "processed", "end":
		return process(client, c)
	}
	return nil, fmt.Errorf("no such command: %s", c.Do)
}
