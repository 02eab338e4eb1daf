package driver

import "fmt"

// Processed is what became of a processor so far.
type Processed struct {
	Committed int      `json:"committed"`
	Aborted   int      `json:"aborted"`
	Restarts  int      `json:"restarts"`
	Fenced    bool     `json:"fenced"`
	Errors    []string `json:"errors"`
}

// Processing is what a client library can do that has transactions: see Processor in franz/.
type Processing interface {
	// Process starts to copy a topic to another in transactions, until End.
	Process(command Command)
	Processed(member string) Processed
	End(member string)
}

func process(client Client, c Command) (any, error) {
	processing, can := client.(Processing)
	if !can {
		return nil, fmt.Errorf("it does not %s", c.Do)
	}
	switch c.Do {
	case "process":
		processing.Process(c)
	case "processed":
		return processing.Processed(c.Member), nil
	case "end":
		processing.End(c.Member)
	}
	return nil, nil
}
