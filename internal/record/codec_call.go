package record

import (
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/money"
)

func writeCall(w *writer, c *Call) {
	w.str(1, string(c.ID[:]))
	w.num(2, c.Time)
	w.str(3, c.Org)
	w.str(4, c.Team)
	w.str(5, c.Project)
	w.str(6, c.Key)
	w.str(7, c.KeyName)
	w.str(8, c.Subject)
	w.str(9, c.Session)
	w.str(10, c.TraceID)
	w.str(11, c.SpanID)
	w.str(12, c.ParentSpanID)
	for i := range c.Tags {
		w.nest(13, func(w *writer) {
			w.str(1, c.Tags[i].Name)
			w.str(2, c.Tags[i].Value)
		})
	}
	w.str(14, c.UserAgent)
	w.str(15, c.Surface)
	w.str(16, c.Operation)
	w.str(17, c.Asked)
	w.str(18, c.Deployment)
	w.str(19, c.Variant)
	w.num(20, c.Revision)
	w.str(21, c.Provider)
	w.str(22, c.Model)
	w.str(23, c.Reported)
	w.str(24, c.UpstreamID)
	w.flag(25, c.Stream)
	for i := range c.Attempts {
		w.nest(26, func(w *writer) { writeAttempt(w, &c.Attempts[i]) })
	}
	w.num(27, c.QueueMicros)
	w.num(28, c.FirstByteMicros)
	w.num(29, c.FirstTokenMicros)
	w.num(30, c.TotalMicros)
	w.nest(31, func(w *writer) { writeUsage(w, &c.Usage) })
	w.num(32, int64(c.Cost))
	w.str(33, string(c.Pricing))
	w.str(34, c.Catalogue)
	w.str(35, c.PriceID)
	w.num(36, int64(c.Ceiling))
	w.flag(37, c.CeilingSet)
	w.str(38, string(c.Outcome))
	w.num(39, int64(c.Status))
	w.str(40, c.ErrorKind)
	w.str(41, c.ErrorCode)
	w.str(42, string(c.Finish))
	for _, name := range c.Lost {
		w.nest(43, func(w *writer) { w.str(1, name) })
	}
	w.str(44, c.Cache)
	w.num(45, c.RequestBytes)
	w.num(46, c.ResponseBytes)
	w.num(47, c.Content.Offset)
	w.num(48, c.Content.Length)
	w.str(49, c.Source)
	w.str(50, c.Kind)
	w.str(51, c.Name)
	w.str(52, c.Service)
	w.str(53, c.Environment)
	w.str(54, c.Release)
	w.str(55, c.Prompt)
	w.str(56, c.PromptNumber)
	w.num(57, int64(c.Savings))
}

func readCall(r *reader, c *Call) {
	for r.next() {
		switch {
		case r.tag <= 25:
			readWho(r, c)
		case r.tag <= 48:
			readOutcome(r, c)
		default:
			readReported(r, c)
		}
	}
}

func readWho(r *reader, c *Call) {
	switch r.tag {
	case 1:
		c.ID = r.id()
	case 2:
		c.Time = r.num
	case 3:
		c.Org = r.str
	case 4:
		c.Team = r.str
	case 5:
		c.Project = r.str
	case 6:
		c.Key = r.str
	case 7:
		c.KeyName = r.str
	case 8:
		c.Subject = r.str
	case 9:
		c.Session = r.str
	case 10:
		c.TraceID = r.str
	case 11:
		c.SpanID = r.str
	case 12:
		c.ParentSpanID = r.str
	case 13:
		name, value := readPair(r)
		c.Tags = append(c.Tags, Tag{name, value})
	case 14:
		c.UserAgent = r.str
	case 15:
		c.Surface = r.str
	case 16:
		c.Operation = r.str
	case 17:
		c.Asked = r.str
	case 18:
		c.Deployment = r.str
	case 19:
		c.Variant = r.str
	case 20:
		c.Revision = r.num
	case 21:
		c.Provider = r.str
	case 22:
		c.Model = r.str
	case 23:
		c.Reported = r.str
	case 24:
		c.UpstreamID = r.str
	case 25:
		c.Stream = r.num != 0
	}
}

func readOutcome(r *reader, c *Call) {
	switch r.tag {
	case 26:
		c.Attempts = append(c.Attempts, readAttempt(r))
	case 27:
		c.QueueMicros = r.num
	case 28:
		c.FirstByteMicros = r.num
	case 29:
		c.FirstTokenMicros = r.num
	case 30:
		c.TotalMicros = r.num
	case 31:
		r.bad = r.bad || !readUsage(r.str, &c.Usage)
	case 32:
		c.Cost = money.Nano(r.num)
	case 33:
		c.Pricing = Pricing(r.str)
	case 34:
		c.Catalogue = r.str
	case 35:
		c.PriceID = r.str
	case 36:
		c.Ceiling = money.Nano(r.num)
	case 37:
		c.CeilingSet = r.num != 0
	case 38:
		c.Outcome = Outcome(r.str)
	case 39:
		c.Status = int(r.num)
	case 40:
		c.ErrorKind = r.str
	case 41:
		c.ErrorCode = r.str
	case 42:
		c.Finish = llm.Finish(r.str)
	case 43:
		name, _ := readPair(r)
		c.Lost = append(c.Lost, name)
	case 44:
		c.Cache = r.str
	case 45:
		c.RequestBytes = r.num
	case 46:
		c.ResponseBytes = r.num
	case 47:
		c.Content.Offset = r.num
	case 48:
		c.Content.Length = r.num
	}
}

func readReported(r *reader, c *Call) {
	switch r.tag {
	case 49:
		c.Source = r.str
	case 50:
		c.Kind = r.str
	case 51:
		c.Name = r.str
	case 52:
		c.Service = r.str
	case 53:
		c.Environment = r.str
	case 54:
		c.Release = r.str
	case 55:
		c.Prompt = r.str
	case 56:
		c.PromptNumber = r.str
	case 57:
		c.Savings = money.Nano(r.num)
	}
}

func readPair(r *reader) (first, second string) {
	sub := reader{s: r.str}
	for sub.next() {
		switch sub.tag {
		case 1:
			first = sub.str
		case 2:
			second = sub.str
		}
	}
	r.bad = r.bad || sub.bad
	return first, second
}

func writeAttempt(w *writer, a *Attempt) {
	w.str(1, a.Provider)
	w.str(2, a.Model)
	w.num(3, a.StartMicros)
	w.num(4, a.DurationMicros)
	w.num(5, int64(a.Status))
	w.str(6, a.ErrorKind)
	w.str(7, a.ErrorCode)
	w.str(8, a.RequestID)
	w.num(9, int64(a.Cost))
}

func readAttempt(r *reader) (a Attempt) {
	sub := reader{s: r.str}
	for sub.next() {
		switch sub.tag {
		case 1:
			a.Provider = sub.str
		case 2:
			a.Model = sub.str
		case 3:
			a.StartMicros = sub.num
		case 4:
			a.DurationMicros = sub.num
		case 5:
			a.Status = int(sub.num)
		case 6:
			a.ErrorKind = sub.str
		case 7:
			a.ErrorCode = sub.str
		case 8:
			a.RequestID = sub.str
		case 9:
			a.Cost = money.Nano(sub.num)
		}
	}
	r.bad = r.bad || sub.bad
	return a
}
