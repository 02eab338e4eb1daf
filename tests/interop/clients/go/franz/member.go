package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"barnabas/clients/driver"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Join starts a member that commits what it has read after each poll; it rebalances between polls only.
func (c *client) Join(command driver.Command) error {
	tell := func(what string) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(_ context.Context, _ *kgo.Client, partitions map[string][]int32) {
			for _, partition := range partitions[command.Topic] {
				c.Tell(command.Member, what, partition, -1)
			}
		}
	}
	options := []kgo.Opt{
		kgo.ConsumerGroup(command.Group), kgo.ConsumeTopics(command.Topic), kgo.DisableAutoCommit(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.HeartbeatInterval(200 * time.Millisecond),
		kgo.FetchMaxWait(50 * time.Millisecond), kgo.BlockRebalanceOnPoll(),
		kgo.OnPartitionsAssigned(tell("assigned")), kgo.OnPartitionsRevoked(tell("revoked")),
		kgo.OnPartitionsLost(tell("revoked")),
	}
	if command.Protocol == "consumer" {
		options = append(options, kgo.Balancers(kgo.StickyBalancer()), kgo.ServerSideBalancer())
	} else {
		options = append(options, kgo.Balancers(kgo.CooperativeStickyBalancer()))
	}
	consumer, err := c.open(options...)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.read(ctx, consumer, command.Member) }()
	c.Keep(command.Member, func() error {
		stop()
		err := <-ended
		consumer.CloseAllowingRebalance()
		return err
	})
	return nil
}

// read returns when ctx ends, or with the first error that does not pass.
func (c *client) read(ctx context.Context, consumer *kgo.Client, member string) error {
	for ctx.Err() == nil {
		fetches := consumer.PollFetches(ctx)
		for _, failed := range fetches.Errors() {
			if !errors.Is(failed.Err, context.Canceled) {
				return fmt.Errorf("%s-%d: %w", failed.Topic, failed.Partition, failed.Err)
			}
		}
		fetches.EachRecord(func(r *kgo.Record) { c.Tell(member, "read", r.Partition, r.Offset) })
		if err := consumer.CommitUncommittedOffsets(context.Background()); err != nil {
			fmt.Fprintf(os.Stderr, "%s: commit: %v\n", member, err)
		}
		consumer.AllowRebalance()
	}
	return nil
}
