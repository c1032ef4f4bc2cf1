package result

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"
)

// Comparison is what one command has measured.
type Comparison struct {
	Name    string    `json:"name"`    // such as "echo"
	Command string    `json:"command"` // what measures it again, in bench/
	Began   time.Time `json:"began"`
	Machine string    `json:"machine"`         // processor, system and programs
	Load    float64   `json:"load"`            // how many processes ran or waited in the minute before it all began
	Notes   []string  `json:"notes,omitempty"` // what was left out, and why
	Tables  []*Table  `json:"tables"`
}

// Comparisons are those of one document, a name once.
type Comparisons []Comparison

// Table returns the table of that key, or nil.
func (list Comparisons) Table(key string) *Table {
	for _, c := range list {
		for _, t := range c.Tables {
			if t.Key == key {
				return t
			}
		}
	}
	return nil
}

// Put takes c in, in the place of the one of that name if there is one.
func (list *Comparisons) Put(c Comparison) {
	if i := slices.IndexFunc(*list, func(old Comparison) bool { return old.Name == c.Name }); i >= 0 {
		(*list)[i] = c
		return
	}
	*list = append(*list, c)
}

// Save writes list to a file as JSON, whole or not at all.
func (list Comparisons) Save(file string) error {
	b, err := json.MarshalIndent(list, "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(file+".new", append(b, '\n'), 0o644); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

// Load reads what Save wrote. The error satisfies errors.Is(err,
// fs.ErrNotExist) if there is no such file.
func Load(file string) (list Comparisons, err error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return list, nil
}
