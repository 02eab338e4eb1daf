package main

import (
	"context"
	"errors"
	"math/rand"
	"sync"
	"time"

	"barnabas/clients/driver"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// processor copies a topic to another in transactions, each record to the same partition. One transaction in five is
// aborted for no reason. What an abort does not mend is mended by a new session, unless another instance has fenced
// this one.
type processor struct {
	client  *client
	command driver.Command
	random  *rand.Rand
	stop    context.CancelFunc
	ended   chan struct{}
	mutex   sync.Mutex
	done    driver.Processed
}

func (c *client) Process(command driver.Command) {
	ctx, stop := context.WithCancel(context.Background())
	p := &processor{
		client: c, command: command, random: rand.New(rand.NewSource(7)), stop: stop, ended: make(chan struct{}),
	}
	p.done.Errors = []string{}
	c.processors[command.Member] = p
	go p.run(ctx)
}

func (c *client) Processed(member string) driver.Processed {
	p := c.processors[member]
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.done
}

func (c *client) End(member string) {
	p := c.processors[member]
	p.stop()
	<-p.ended
}

func (p *processor) note(change func(done *driver.Processed)) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	change(&p.done)
}

func (p *processor) run(ctx context.Context) {
	defer close(p.ended)
	for ctx.Err() == nil {
		err := p.live(ctx)
		if err == nil {
			return
		}
		// Apache Kafka says InvalidTxnState to who commits between the abort by its successor and the successor's epoch.
		fenced := errors.Is(err, kerr.ProducerFenced) || errors.Is(err, kerr.InvalidProducerEpoch) ||
			errors.Is(err, kerr.InvalidTxnState)
		p.note(func(done *driver.Processed) {
			done.Errors = append(done.Errors, err.Error())
			if done.Fenced = fenced; !fenced {
				done.Restarts++
			}
		})
		if fenced {
			return
		}
	}
}

func (p *processor) live(ctx context.Context) error {
	session, err := kgo.NewGroupTransactSession(
		kgo.SeedBrokers(p.client.seeds...), kgo.MetadataMinAge(100*time.Millisecond),
		kgo.TransactionalID(p.command.TransactionalID), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ConsumerGroup(p.command.Group), kgo.ConsumeTopics(p.command.Topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.HeartbeatInterval(200*time.Millisecond), kgo.SessionTimeout(6*time.Second),
		kgo.FetchMaxWait(100*time.Millisecond),
	)
	if err != nil {
		return err
	}
	defer session.Close()
	// Fences and aborts what a session before left open: nobody is told offsets that are part of an open transaction, and
	// by itself the session takes the id over only when it writes.
	if _, _, err := session.Client().ProducerID(ctx); err != nil {
		return err
	}
	for ctx.Err() == nil {
		records := session.PollFetches(ctx).Records()
		if len(records) == 0 {
			continue
		}
		if err := p.process(session, records); err != nil {
			return err
		}
	}
	return nil
}

func (p *processor) process(session *kgo.GroupTransactSession, records []*kgo.Record) error {
	if err := session.Begin(); err != nil {
		return err
	}
	ctx := context.Background()
	produced := kgo.AbortingFirstErrPromise(session.Client())
	for _, record := range records {
		copied := &kgo.Record{Topic: p.command.Target, Partition: record.Partition, Value: record.Value}
		session.Produce(ctx, copied, produced.Promise())
	}
	failed := produced.Err()
	if failed != nil {
		p.note(func(done *driver.Processed) { done.Errors = append(done.Errors, failed.Error()) })
	}
	wanted := failed == nil && p.random.Float64() >= 0.2
	committed, err := session.End(ctx, kgo.TransactionEndTry(wanted))
	if err != nil {
		return err
	}
	p.note(func(done *driver.Processed) {
		if committed {
			done.Committed++
		} else {
			done.Aborted++
		}
	})
	return nil
}
