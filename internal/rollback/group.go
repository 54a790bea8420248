package rollback

import (
	"slices"

	"landfall/internal/sqldb"
)

// group is entities whose tables refer to each other in a circle, or one alone.
type group struct {
	*runner
	members []*entityUndo // in the order of undoing
	// circle: its tables refer to themselves or to each other. Records of an API are
	// deleted one by one, and wait for nobody.
	circle bool
}

// groupsOf puts entities into groups, and groups into the order of undoing:
// whoever refers comes before what is referred to, and else what landed later.
func groupsOf(entities []*entityUndo) []*group {
	count := len(entities)
	reaches := make([][]bool, count) // i refers to j, over whatever others
	for i := range reaches {
		reaches[i] = make([]bool, count)
		for j, to := range entities {
			reaches[i][j] = slices.ContainsFunc(to.refs, func(ref sqldb.Reference) bool { return ref.From == entities[i].Table.Name })
		}
	}
	for via := range count {
		for i := range count {
			for j := range count {
				reaches[i][j] = reaches[i][j] || reaches[i][via] && reaches[via][j]
			}
		}
	}
	var groups []*group
	taken := make([]bool, count)
	for len(entities) > 0 {
		next := -1
		for i := range count {
			waits := false
			for j := range count {
				waits = waits || !taken[j] && reaches[j][i] && !reaches[i][j]
			}
			if !taken[i] && !waits && (next < 0 || entities[i].done.Place > entities[next].done.Place) {
				next = i
			}
		}
		if next < 0 {
			break
		}
		g := &group{runner: entities[next].runner, circle: reaches[next][next] && entities[next].Remote == nil}
		for i := range count {
			if i == next || reaches[i][next] && reaches[next][i] {
				taken[i] = true
				g.members = append(g.members, entities[i])
			}
		}
		slices.SortFunc(g.members, func(a, b *entityUndo) int { return int(b.done.Place - a.done.Place) })
		groups = append(groups, g)
	}
	return groups
}

// memberOf finds the entities of the group that have their rows in the table.
func (g *group) membersOf(table sqldb.Name) []*entityUndo {
	var members []*entityUndo
	for _, e := range g.members {
		if e.Table.Name == table {
			members = append(members, e)
		}
	}
	return members
}
