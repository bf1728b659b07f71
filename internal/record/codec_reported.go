package record

func writeScore(w *writer, s *Score) {
	w.str(1, string(s.ID[:]))
	w.num(2, s.Time)
	w.str(3, s.Org)
	w.str(4, s.Team)
	w.str(5, s.Project)
	w.str(6, s.Key)
	w.str(7, s.TraceID)
	w.str(8, s.SpanID)
	w.str(9, s.Response)
	w.str(10, s.Name)
	w.num(11, s.Micros)
	w.flag(12, s.Valued)
	w.str(13, s.Label)
	w.str(14, s.Source)
}

func readScore(r *reader, s *Score) {
	for r.next() {
		switch r.tag {
		case 1:
			s.ID = r.id()
		case 2:
			s.Time = r.num
		case 3:
			s.Org = r.str
		case 4:
			s.Team = r.str
		case 5:
			s.Project = r.str
		case 6:
			s.Key = r.str
		case 7:
			s.TraceID = r.str
		case 8:
			s.SpanID = r.str
		case 9:
			s.Response = r.str
		case 10:
			s.Name = r.str
		case 11:
			s.Micros = r.num
		case 12:
			s.Valued = r.num != 0
		case 13:
			s.Label = r.str
		case 14:
			s.Source = r.str
		}
	}
}

func writeLog(w *writer, l *Log) {
	w.str(1, string(l.ID[:]))
	w.num(2, l.Time)
	w.str(3, l.Org)
	w.str(4, l.Team)
	w.str(5, l.Project)
	w.str(6, l.Key)
	w.str(7, l.Subject)
	w.str(8, l.TraceID)
	w.str(9, l.SpanID)
	w.str(10, l.Service)
	w.str(11, l.Event)
	w.num(12, l.Severity)
	w.num(13, l.Content.Offset)
	w.num(14, l.Content.Length)
}

func readLog(r *reader, l *Log) {
	for r.next() {
		switch r.tag {
		case 1:
			l.ID = r.id()
		case 2:
			l.Time = r.num
		case 3:
			l.Org = r.str
		case 4:
			l.Team = r.str
		case 5:
			l.Project = r.str
		case 6:
			l.Key = r.str
		case 7:
			l.Subject = r.str
		case 8:
			l.TraceID = r.str
		case 9:
			l.SpanID = r.str
		case 10:
			l.Service = r.str
		case 11:
			l.Event = r.str
		case 12:
			l.Severity = r.num
		case 13:
			l.Content.Offset = r.num
		case 14:
			l.Content.Length = r.num
		}
	}
}

func writePoint(w *writer, p *Point) {
	w.str(1, string(p.ID[:]))
	w.num(2, p.Time)
	w.num(3, p.Start)
	w.str(4, p.Org)
	w.str(5, p.Team)
	w.str(6, p.Project)
	w.str(7, p.Key)
	w.str(8, p.Service)
	w.str(9, p.Name)
	w.str(10, p.Unit)
	w.str(11, p.Type)
	w.flag(12, p.Delta)
	for i := range p.Attributes {
		w.nest(13, func(w *writer) {
			w.str(1, p.Attributes[i].Name)
			w.str(2, p.Attributes[i].Value)
		})
	}
	w.num(14, p.Count)
	w.num(15, p.Micros)
}

func readPoint(r *reader, p *Point) {
	for r.next() {
		switch r.tag {
		case 1:
			p.ID = r.id()
		case 2:
			p.Time = r.num
		case 3:
			p.Start = r.num
		case 4:
			p.Org = r.str
		case 5:
			p.Team = r.str
		case 6:
			p.Project = r.str
		case 7:
			p.Key = r.str
		case 8:
			p.Service = r.str
		case 9:
			p.Name = r.str
		case 10:
			p.Unit = r.str
		case 11:
			p.Type = r.str
		case 12:
			p.Delta = r.num != 0
		case 13:
			name, value := readPair(r)
			p.Attributes = append(p.Attributes, Tag{name, value})
		case 14:
			p.Count = r.num
		case 15:
			p.Micros = r.num
		}
	}
}
