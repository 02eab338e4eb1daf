// Members of consumer groups that run until they are told to leave, and what happened to all of them, in order.

export class Members {
  constructor(kafka) {
    this.kafka = kafka
    this.consumers = {}
    this.events = []
  }

  // KafkaJS commits at the end of each batch.
  async join({ group, topic, member }) {
    const consumer = this.kafka.consumer({ groupId: group, heartbeatInterval: 200, maxWaitTimeInMs: 50 })
    this.consumers[member] = consumer
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      for (const partition of payload.memberAssignment[topic] ?? []) this.tell(member, 'assigned', partition, -1)
    })
    await consumer.run({
      eachBatch: async ({ batch, resolveOffset, heartbeat }) => {
        for (const { offset } of batch.messages) {
          this.tell(member, 'read', batch.partition, Number(offset))
          resolveOffset(offset)
        }
        await heartbeat()
      },
    })
  }

  async leave({ member }) {
    await this.consumers[member].disconnect()
    delete this.consumers[member]
  }

  tell(member, what, partition, offset) {
    this.events.push({ member, what, partition, offset, at: performance.now() })
  }

  heard() {
    const heard = this.events
    this.events = []
    return heard
  }
}
