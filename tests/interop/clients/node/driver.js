// Lets a test drive KafkaJS: a command a line on stdin (JSON), an answer a line on stdout.
// See clients/client.py for the commands. Argument: bootstrap servers.
import readline from 'node:readline'
import kafkajs from 'kafkajs'
import snappy from 'kafkajs-snappy'
import { Members } from './members.js'

const { CompressionCodecs, CompressionTypes, ConfigResourceTypes, Kafka, Partitioners, logLevel } = kafkajs
CompressionCodecs[CompressionTypes.Snappy] = snappy

const ACKS = { 0: 0, 1: 1, all: -1 }
const TOPIC_ALREADY_EXISTS = 36
const LOAD_PAUSE_MS = 2

const toStderr = () => ({ label, log }) => process.stderr.write(`${label} ${log.timestamp} ${JSON.stringify(log)}\n`)
const kafka = new Kafka({ brokers: process.argv[2].split(','), logLevel: logLevel.INFO, logCreator: toStderr })
const admin = kafka.admin()
const members = new Members(kafka)

const makeProducer = async idempotent => {
  const options = { createPartitioner: Partitioners.DefaultPartitioner }
  const producer = kafka.producer(idempotent ? { ...options, idempotent, maxInFlightRequests: 1 } : options)
  await producer.connect()
  return producer
}

class Load {
  acked = {}
  failed = []
  stopping = false

  static async start(topic) {
    const load = new Load()
    load.running = load.produce(topic, await makeProducer(true))
    return load
  }

  async produce(topic, producer) {
    for (let number = 0; !this.stopping; number++) {
      try {
        const messages = [{ partition: 0, value: String(number) }]
        const [{ baseOffset }] = await producer.send({ topic, acks: -1, messages })
        this.acked[baseOffset] = number
      } catch (error) {
        this.failed.push(String(error))
      }
      await new Promise(resolve => setTimeout(resolve, LOAD_PAUSE_MS))
    }
    await producer.disconnect()
  }

  async stop() {
    this.stopping = true
    await this.running
    return { acked: this.acked, failed: this.failed, fetched: [] }
  }
}

let load

const commands = {
  async create({ topic, partitions, replicas, configs }) {
    const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }))
    const wanted = { topic, numPartitions: partitions, replicationFactor: replicas, configEntries }
    if (!(await admin.createTopics({ topics: [wanted], waitForLeaders: false }))) {
      throw Object.assign(new Error('createTopics says false: it exists'), { code: TOPIC_ALREADY_EXISTS })
    }
  },

  async delete({ topic }) {
    await admin.deleteTopics({ topics: [topic] })
  },

  async grow({ topic, partitions }) {
    await admin.createPartitions({ topicPartitions: [{ topic, count: partitions }] })
  },

  async topics() {
    const { topics } = await admin.fetchTopicMetadata()
    return Object.fromEntries(topics.map(({ name, partitions }) => [name, partitions.length]))
  },

  async configs({ topic }) {
    const resource = { type: ConfigResourceTypes.TOPIC, name: topic }
    const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [resource] })
    return Object.fromEntries(resources[0].configEntries.map(entry => [entry.configName, entry.configValue]))
  },

  async replace({ topic, configs }) {
    const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }))
    await admin.alterConfigs({ resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configEntries }] })
  },

  async list_offset({ topic, partition, timestamp }) {
    const special = { '-1': 'high', '-2': 'low' }[timestamp]
    const offsets = special
      ? await admin.fetchTopicOffsets(topic)
      : await admin.fetchTopicOffsetsByTimestamp(topic, timestamp)
    return Number(offsets.find(found => found.partition === partition)[special ?? 'offset'])
  },

  async produce({ topic, partition, codec, acks, idempotent, records }) {
    const producer = await makeProducer(idempotent)
    const messages = records.map(({ key, value, header, timestamp }) => ({
      partition,
      key,
      value,
      headers: { h: header },
      ...(timestamp ? { timestamp: String(timestamp) } : {}),
    }))
    const compression = { none: CompressionTypes.None, gzip: CompressionTypes.GZIP, snappy: CompressionTypes.Snappy }[codec]
    try {
      const [answer] = (await producer.send({ topic, acks: ACKS[acks], compression, messages })) ?? []
      return messages.map((_, index) => Number(answer?.baseOffset ?? -1) + index)
    } finally {
      await producer.disconnect()
    }
  },

  async start_load({ topic }) {
    load = await Load.start(topic)
  },

  async acked() {
    return Object.keys(load.acked).length
  },

  async stop_load() {
    return load.stop()
  },

  join: command => members.join(command),
  leave: command => members.leave(command),
  heard: () => members.heard(),
}

// The protocol's error code: of the error itself, of one of those it gathers, or of what it was caused by.
const codeOf = error =>
  error?.code ?? error?.errors?.map(codeOf).find(code => code !== -1) ?? (error?.cause ? codeOf(error.cause) : -1)

await admin.connect()
for await (const line of readline.createInterface({ input: process.stdin })) {
  const command = JSON.parse(line)
  let answer
  try {
    answer = { result: (await commands[command.do](command)) ?? null }
  } catch (error) {
    answer = { error: String(error), code: codeOf(error) }
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
await admin.disconnect()
// Members that did not leave, as when a test fails, would keep the process alive.
process.exit(0)
