package main

import (
	"context"
	"errors"
	"time"

	"barnabas/clients/driver"

	"github.com/IBM/sarama"
)

const commitEvery = 10

// Join starts a member that commits every few records and when it gives back a partition.
func (c *client) Join(command driver.Command) error {
	config := c.config()
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Offsets.AutoCommit.Enable = false
	config.Consumer.Group.Heartbeat.Interval = 200 * time.Millisecond
	strategy := sarama.NewBalanceStrategySticky()
	if command.Protocol == "cooperative" {
		strategy = sarama.NewBalanceStrategyCooperativeSticky()
	}
	config.Consumer.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{strategy}
	group, err := sarama.NewConsumerGroup(c.seeds, command.Group, config)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- consumeUntilDone(ctx, group, command.Topic, &member{c, command.Member}) }()
	c.Keep(command.Member, func() error {
		stop()
		return errors.Join(<-ended, group.Close())
	})
	return nil
}

func consumeUntilDone(ctx context.Context, group sarama.ConsumerGroup, topic string, reader *member) error {
	for ctx.Err() == nil {
		if err := group.Consume(ctx, []string{topic}, reader); err != nil {
			return err
		}
	}
	return nil
}

// member reads what it is given.
type member struct {
	client *client
	name   string
}

func (m *member) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (m *member) Cleanup(sarama.ConsumerGroupSession) error { return nil }

func (m *member) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	m.client.Tell(m.name, "assigned", claim.Partition(), -1)
	count := 0
	for message := range claim.Messages() {
		m.client.Tell(m.name, "read", message.Partition, message.Offset)
		session.MarkMessage(message, "")
		if count++; count%commitEvery == 0 {
			session.Commit()
		}
	}
	session.Commit()
	m.client.Tell(m.name, "revoked", claim.Partition(), -1)
	return nil
}
