package driver

import (
	"sync"
	"time"
)

// Event is something that happened to a member of a group: What is read, assigned or revoked; At is ms of a
// monotonic clock.
type Event struct {
	Member    string `json:"member"`
	What      string `json:"what"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
	At        int64  `json:"at"`
}

var started = time.Now()

// Members keeps the members of groups that a client runs, and what happened to them, in order.
type Members struct {
	mutex  sync.Mutex
	events []Event
	leaves map[string]func() error
}

// Keep remembers how a member leaves.
func (m *Members) Keep(member string, leave func() error) {
	if m.leaves == nil {
		m.leaves = map[string]func() error{}
	}
	m.leaves[member] = leave
}

// Leave returns when the member has left its group.
func (m *Members) Leave(member string) error {
	leave := m.leaves[member]
	delete(m.leaves, member)
	return leave()
}

// Tell notes what happened.
func (m *Members) Tell(member, what string, partition int32, offset int64) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.events = append(m.events, Event{member, what, partition, offset, time.Since(started).Milliseconds()})
}

// Heard has what happened since it was asked last.
func (m *Members) Heard() []Event {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	heard := append([]Event{}, m.events...)
	m.events = nil
	return heard
}
