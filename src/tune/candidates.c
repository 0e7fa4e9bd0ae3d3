/*-------------------------------------------------------------------------
 *
 * candidates.c
 *	  What about an index is worth a trial for a workload.
 *
 * These are guesses, made from the weights and filters of the workload.  Whether
 * they are good is for the trial to tell (advise.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/sysattr.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "port/pg_bitutils.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

#include "compat.h"
#include "index/scales.h"
#include "index/subindexes.h"
#include "model/statistics.h"
#include "tune/advice.h"

/* A class of queries gets an index of its own only if it has this part of the calls. */
#define FREQUENT		0.2
#define MOST_EXTRA		2

/* So many indexes of a table are looked at. */
#define MOST_COVERED	16

/* A sub-index is tried for a column that has this part of the weight of some queries... */
#define HEAVY			0.5
/* ...which have this part of the calls. */
#define OFTEN			0.05

#define MOST_BTREES		3

/* A scale that has changed by this factor is off. */
#define SCALE_OFF		1.5

/* The number of rows that statistics tell is off by this factor. */
#define ROWS_OFF		2.0

/* ---------- parameters ---------- */

/*
 * Those of a's parameters that b has not, or has with other values.
 */
static MMParameters
parameters_changed(const MMParameters *a, const MMParameters *b)
{
	MMParameters changed = {{0}};

	for (int i = 0; i < MM_PARAMETERS_OF_INDEX; i++)
		if (a->values[i] != NULL && (b->values[i] == NULL || strcmp(a->values[i], b->values[i]) != 0))
			changed.values[i] = a->values[i];
	return changed;
}

/* ---------- classes of queries ---------- */

static double
all_calls(const MMWorkload *workload)
{
	double		calls = 0.0;

	for (int i = 0; i < workload->n; i++)
		calls += workload->tasks[i].calls;
	return calls;
}

/*
 * The part of the calls whose columns with weight are just these, or some of them.
 */
static double
calls_within(const MMWorkload *workload, uint32 columns)
{
	double		calls = 0.0;

	for (int i = 0; i < workload->n; i++)
		if ((workload->tasks[i].columns & ~columns) == 0)
			calls += workload->tasks[i].calls;
	return calls / all_calls(workload);
}

static uint32
used_columns(const MMWorkload *workload)
{
	uint32		columns = 0;

	for (int i = 0; i < workload->n; i++)
		columns |= workload->tasks[i].columns;
	return columns;
}

/*
 * The part of the calls in which a column has most of the weight.
 */
static double
calls_led_by(const MMWorkload *workload, int column)
{
	double		calls = 0.0;

	for (int i = 0; i < workload->n; i++)
	{
		const MMTask *task = &workload->tasks[i];
		double		sum = 0.0;

		for (int c = 0; c < workload->learner->m; c++)
			sum += task->weights[c];
		if (task->columns & (UINT32_C(1) << column) && task->weights[column] >= HEAVY * sum)
			calls += task->calls;
	}
	return calls / all_calls(workload);
}

char *
mm_advice_columns(const MMWorkload *workload, uint32 columns)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int c = 0; c < workload->learner->m; c++)
		if (columns & (UINT32_C(1) << c))
			appendStringInfo(&buf, "%s%s", buf.len > 0 ? ", " : "", workload->learner->columns->columns[c].name);
	return buf.data;
}

/* ---------- candidates ---------- */

static MMAdvice *
add(const MMWorkload *workload, List **list, MMChange kind, const char *change, const char *reason)
{
	MMAdvice   *advice = palloc0(sizeof(MMAdvice));

	advice->kind = kind;
	advice->change = change;
	advice->reason = reason;
	advice->parameters = mm_parameters_get(workload->learner->index);
	advice->columns = mm_all_columns(workload);
	*list = lappend(*list, advice);
	return advice;
}

static void
add_parameter(const MMWorkload *workload, List **list, MMParameter parameter, const char *value,
			  const char *change, const char *reason)
{
	MMParameters has = mm_parameters_get(workload->learner->index);
	MMAdvice   *advice;

	if (has.values[parameter] != NULL && strcmp(has.values[parameter], value) == 0)
		return;
	advice = add(workload, list, MM_CHANGE_PARAMETERS, change, reason);
	advice->parameters.values[parameter] = value;
}

static void
add_weights(const MMWorkload *workload, List **list)
{
	int			m = workload->learner->m;
	double		weights[MM_MAX_COLUMNS];
	double		least = HUGE_VAL;
	double		most = 0.0;

	mm_workload_weights(workload, weights);
	for (int c = 0; c < m; c++)
	{
		least = Min(least, weights[c]);
		most = Max(most, weights[c]);
	}
	if (most < 1.2 * least)
		return;
	add_parameter(workload, list, MM_PARAMETER_WEIGHTS, mm_weights_parameter(weights, m, 1.0),
				  "pack the tree for the workload's weights",
				  "Queries do not weigh all columns the same, and the tree is divided as if they did.");
	add_parameter(workload, list, MM_PARAMETER_WEIGHTS, mm_weights_parameter(weights, m, 2.0),
				  "pack the tree for the workload's weights, sharpened",
				  "Some columns have most of the weight in most queries.");
}

/*
 * Ask for the sub-indexes that there are, and one more.
 */
static void
add_subindex(const MMWorkload *workload, List **list, const char *present, int column,
			 MMSubindexKind kind, double calls)
{
	const char *name = workload->learner->columns->columns[column].name;
	const char *kind_name = mm_subindex_kind_name(kind);

	add_parameter(workload, list, MM_PARAMETER_SUBINDEXES,
				  psprintf("%s%s%s %s", present, present[0] != '\0' ? ", " : "", quote_identifier(name), kind_name),
				  psprintf("add a sub-index over %s of kind %s", name, kind_name),
				  psprintf("Column %s has at least half of the weight in %.0f %% of the calls.", name, 100 * calls));
}

/*
 * The sub-indexes of an index as a storage parameter, and their columns.
 */
static char *
present_subindexes(const MMWorkload *workload, const MMTrialIndex *index, uint32 *columns)
{
	const char *kinds[MM_MAX_COLUMNS];
	StringInfoData buf;

	*columns = 0;
	initStringInfo(&buf);
	mm_trial_subindexes(index, kinds);
	for (int c = 0; c < workload->learner->m; c++)
	{
		if (kinds[c] == NULL)
			continue;
		appendStringInfo(&buf, "%s%s %s", buf.len > 0 ? ", " : "",
						 quote_identifier(workload->learner->columns->columns[c].name), kinds[c]);
		*columns |= UINT32_C(1) << c;
	}
	return buf.data;
}

static void
add_subindexes(const MMWorkload *workload, const MMTrialIndex *standard, List **list)
{
	uint32		has;
	char	   *present = present_subindexes(workload, standard, &has);

	for (int c = 0; c < workload->learner->m; c++)
	{
		const MMColumn *column = &workload->learner->columns->columns[c];
		double		calls = calls_led_by(workload, c);

		if (calls < OFTEN || has & (UINT32_C(1) << c) || !OidIsValid(column->opclass))
			continue;
		add_subindex(workload, list, present, c, MM_SUBINDEX_RTREE, calls);
		add_subindex(workload, list, present, c, MM_SUBINDEX_MVP, calls);
		if (column->space.routine != NULL && column->space.routine->tokens != NULL)
			add_subindex(workload, list, present, c, MM_SUBINDEX_INVERTED, calls);
	}
	if (has != 0)
		add_parameter(workload, list, MM_PARAMETER_SUBINDEXES, "none", "drop the sub-indexes",
					  "The tree that all columns share may do as well for this workload.");
}

/*
 * Parameters for an index over some of the columns: those that are lists of all
 * columns are left out, but for scales, which searches are normalized by.
 */
static void
use_columns(const MMWorkload *workload, MMAdvice *advice, uint32 columns)
{
	StringInfoData scales;

	advice->columns = columns;
	advice->parameters.values[MM_PARAMETER_SUBINDEXES] = NULL;
	advice->parameters.values[MM_PARAMETER_WEIGHTS] = NULL;
	if (advice->parameters.values[MM_PARAMETER_SCALES] == NULL)
		return;
	initStringInfo(&scales);
	for (int c = 0; c < workload->learner->m; c++)
		if (columns & (UINT32_C(1) << c))
			appendStringInfo(&scales, "%c%s", scales.len > 0 ? ',' : '{',
							 workload->learner->scales.pinned[c] ?
							 mm_sql_number(workload->learner->scales.in_force[c]) : "NULL");
	appendStringInfoChar(&scales, '}');
	advice->parameters.values[MM_PARAMETER_SCALES] = scales.data;
}

/*
 * Has the table an mmdb index over just these columns?
 */
static bool
has_index_over(const MMWorkload *workload, uint32 columns)
{
	Relation	present = workload->learner->index;
	Oid			am = present->rd_rel->relam;
	bool		result = false;
	ListCell   *lc;

	foreach(lc, RelationGetIndexList(workload->learner->table))
	{
		Relation	index = relation_open(lfirst_oid(lc), AccessShareLock);
		int			n = 0;
		bool		same = index->rd_rel->relam == am && index->rd_index->indisvalid;

		for (int key = 0; key < present->rd_index->indnkeyatts && same; key++)
		{
			if (!(columns & (UINT32_C(1) << key)))
				continue;
			same = n < index->rd_index->indnkeyatts && index->rd_opfamily[n] == present->rd_opfamily[key] &&
				index->rd_index->indkey.values[n] == present->rd_index->indkey.values[key];
			n++;
		}
		result |= same && n == index->rd_index->indnkeyatts;
		relation_close(index, AccessShareLock);
	}
	return result;
}

/*
 * Sets of columns over which there is an index, or one is to be tried.
 */
typedef struct Covered
{
	int			n;
	uint32		columns[MOST_COVERED];
} Covered;

/*
 * The columns of the narrowest index that serves a search: the one over all, or another.
 */
static int
width_for(const MMWorkload *workload, const MMTask *task, const Covered *covered)
{
	int			width = workload->learner->m;

	for (int i = 0; i < covered->n; i++)
		if ((task->columns & ~covered->columns[i]) == 0)
			width = Min(width, pg_popcount32(covered->columns[i]));
	return width;
}

/*
 * What an index over some of the columns promises beside those that there are: how many
 * columns it spares the searches that it serves, by calls.  The fewer columns an index
 * has, the less a search reads that it serves; one over all columns that any search weighs
 * would serve all of them, and none well.  *calls gets the part of the calls that it
 * spares any.
 */
static double
columns_spared(const MMWorkload *workload, uint32 columns, const Covered *covered, double *calls)
{
	double		spared = 0.0;
	int			width = pg_popcount32(columns);

	*calls = 0.0;
	for (int i = 0; i < workload->n; i++)
	{
		const MMTask *task = &workload->tasks[i];
		int			before;

		if ((task->columns & ~columns) != 0)
			continue;
		before = width_for(workload, task, covered);
		if (before <= width)
			continue;
		spared += task->calls * (before - width);
		*calls += task->calls;
	}
	return spared;
}

/*
 * The columns of a class of searches over which an index promises most; 0 if none
 * promises anything to many of them.
 */
static uint32
most_promising(const MMWorkload *workload, const Covered *covered)
{
	uint32		all = mm_all_columns(workload);
	uint32		used = used_columns(workload);
	double		enough = FREQUENT * all_calls(workload);
	uint32		best = 0;
	double		most = 0.0;

	for (int i = 0; i < workload->n; i++)
	{
		uint32		columns = workload->tasks[i].columns;
		double		spared;
		double		calls;

		CHECK_FOR_INTERRUPTS();
		if (columns == all || columns == used || columns == best)
			continue;
		spared = columns_spared(workload, columns, covered, &calls);
		if (calls >= enough && spared > most)
		{
			most = spared;
			best = columns;
		}
	}
	return best;
}

/*
 * The sets of columns of classes of searches over which the table has an index of their own.
 */
static void
find_covered(const MMWorkload *workload, Covered *covered)
{
	covered->n = 0;
	for (int i = 0; i < workload->n && covered->n < MOST_COVERED - MOST_EXTRA; i++)
	{
		uint32		columns = workload->tasks[i].columns;
		bool		known = columns == mm_all_columns(workload);

		for (int j = 0; j < covered->n; j++)
			known |= covered->columns[j] == columns;
		if (!known && has_index_over(workload, columns))
			covered->columns[covered->n++] = columns;
	}
}

/*
 * Indexes over some of the columns.
 */
static void
add_columns(const MMWorkload *workload, List **list)
{
	uint32		all = mm_all_columns(workload);
	uint32		used = used_columns(workload);
	Covered		covered;

	/* A composite is indexed as it is. */
	if (workload->learner->columns->composite != NULL)
		return;
	find_covered(workload, &covered);
	for (int i = 0; i < MOST_EXTRA; i++)
	{
		uint32		best = most_promising(workload, &covered);
		MMAdvice   *advice;

		if (best == 0)
			break;
		covered.columns[covered.n++] = best;
		advice = add(workload, list, MM_CHANGE_EXTRA,
					 psprintf("add an index over %s only", mm_advice_columns(workload, best)),
					 psprintf("%.0f %% of the calls weigh no other column. Searches by odbknn that name only these must then say which index they mean (using_index).",
							  100 * calls_within(workload, best)));
		use_columns(workload, advice, best);
	}
	/* Where there is such an index already, dropping this one is no question of pages. */
	if (used != all && !has_index_over(workload, used))
		use_columns(workload,
					add(workload, list, MM_CHANGE_COLUMNS,
						psprintf("leave %s out of the index", mm_advice_columns(workload, all & ~used)),
						psprintf("No query weighs %s. Searches that list the columns by position would have to change.",
								 mm_advice_columns(workload, all & ~used))), used);
}

/* ---------- filters ---------- */

/*
 * Does an index of the table begin with this column?
 */
static bool
has_index_on(Relation table, AttrNumber attnum)
{
	ListCell   *lc;
	bool		result = false;

	foreach(lc, RelationGetIndexList(table))
	{
		Relation	index = relation_open(lfirst_oid(lc), AccessShareLock);

		result |= index->rd_rel->relam == BTREE_AM_OID && index->rd_index->indisvalid &&
			index->rd_index->indkey.values[0] == attnum && RelationGetIndexPredicate(index) == NIL;
		relation_close(index, AccessShareLock);
	}
	return result;
}

static void
add_btrees(const MMWorkload *workload, List **list)
{
	Relation	table = workload->learner->table;
	Bitmapset  *columns = NULL;
	int			column = -1;
	int			added = 0;

	for (int i = 0; i < workload->n; i++)
		if (workload->tasks[i].filter != NULL)
			mm_filter_columns(workload, workload->tasks[i].filter, &columns);
	while ((column = bms_next_member(columns, column)) >= 0 && added < MOST_BTREES)
	{
		AttrNumber	attnum = column + FirstLowInvalidHeapAttributeNumber;
		const char *name;
		MMAdvice   *advice;

		if (attnum <= 0 || has_index_on(table, attnum) ||
			!OidIsValid(GetDefaultOpClass(get_atttype(RelationGetRelid(table), attnum), BTREE_AM_OID)))
			continue;
		name = get_attname(RelationGetRelid(table), attnum, false);
		advice = add(workload, list, MM_CHANGE_BTREE, psprintf("add a B-tree on %s", name),
					 psprintf("Filters have conditions on %s, and no B-tree begins with it.", name));
		advice->definition = psprintf("(%s)", quote_identifier(name));
		added++;
	}
}

List *
mm_advice_candidates(const MMWorkload *workload, const MMTrialIndex *standard, bool spills, List *list)
{
	add_columns(workload, &list);
	add_btrees(workload, &list);
	if (spills)
		add(workload, &list, MM_CHANGE_SETTING, "raise work_mem",
			"Searches write rows or pages that wait to temporary files.")->setting =
			psprintf("%dkB", Min(work_mem, MAX_KILOBYTES / 8) * 4);
	add_weights(workload, &list);
	add_subindexes(workload, standard, &list);
	add_parameter(workload, &list, MM_PARAMETER_PIVOTS, "3", "have 3 coordinates for each column that has none of its own",
				  "Fewer coordinates leave more room for sketches, and more entries on a page.");
	add_parameter(workload, &list, MM_PARAMETER_PIVOTS, "8", "have 8 coordinates for each column that has none of its own",
				  "More coordinates tell more rows apart before they are read.");
	add_parameter(workload, &list, MM_PARAMETER_SAMPLE_ROWS, "2000", "train on 2,000 rows",
				  "The index is built faster.");
	add_parameter(workload, &list, MM_PARAMETER_SAMPLE_ROWS, "30000", "train on 30,000 rows",
				  "Pivots and sketches that are fitted to more rows may fit better.");
	add_parameter(workload, &list, MM_PARAMETER_FILLFACTOR, "100", "fill pages completely",
				  "The index has fewer pages, if the table does not change much.");
	return list;
}

MMAdvice *
mm_advice_combine(const MMWorkload *workload, const MMAdvice *a, const MMAdvice *b)
{
	MMParameters has = mm_parameters_get(workload->learner->index);
	MMParameters of_a = parameters_changed(&a->parameters, &has);
	MMParameters of_b = parameters_changed(&b->parameters, &has);
	List	   *list = NIL;
	MMAdvice   *both;

	for (int i = 0; i < MM_PARAMETERS_OF_INDEX; i++)
		if (of_a.values[i] != NULL && of_b.values[i] != NULL)
			return NULL;
	both = add(workload, &list, MM_CHANGE_PARAMETERS, psprintf("%s, and %s", a->change, b->change),
			   psprintf("%s %s", a->reason, b->reason));
	both->parameters = a->parameters;
	for (int i = 0; i < MM_PARAMETERS_OF_INDEX; i++)
		if (of_b.values[i] != NULL)
			both->parameters.values[i] = of_b.values[i];
	return both;
}

/* ---------- rules ---------- */

static const char *
index_schema(const MMWorkload *workload)
{
	return get_namespace_name(RelationGetNamespace(workload->learner->index));
}

static const char *
index_name(const MMWorkload *workload)
{
	return quote_qualified_identifier(index_schema(workload), RelationGetRelationName(workload->learner->index));
}

static void
add_analyze(const MMWorkload *workload, List **list)
{
	double		known = workload->learner->table->rd_rel->reltuples;
	double		indexed = (double) workload->learner->statistics->rows;
	MMAdvice   *advice;

	if (workload->learner->table->rd_rel->relkind != RELKIND_RELATION ||
		(known >= 0 && (known * ROWS_OFF >= indexed || workload->predicate != NULL)))
		return;
	advice = add(workload, list, MM_CHANGE_RULE, "analyze the table",
				 known < 0 ? "The table was never analyzed, so the planner guesses." :
				 psprintf("The planner takes the table for one of %.0f rows; the index was built over %.0f.", known, indexed));
	advice->statements[advice->nstatements++] = psprintf("ANALYZE %s", mm_sql_table(workload->learner->table));
}

static void
add_scales(const MMWorkload *workload, const MMTrialIndex *standard, List **list)
{
	const MMLearner *learner = workload->learner;
	Relation	relation = relation_open(standard->oid, AccessShareLock);
	MMColumns  *columns = mm_columns_present(relation);
	MMMeta	   *measured = mm_statistics_get(relation, columns);

	for (int c = 0; c < learner->m && c < columns->n; c++)
	{
		double		now = measured->columns[c].scale;
		double		in_force = learner->scales.in_force[c];
		double		factor = in_force > 0 && now > 0 ? Max(now / in_force, in_force / now) : 1.0;
		const char *name = columns->columns[c].name;
		MMAdvice   *advice;

		if (measured->columns[c].pairs == 0 || factor < SCALE_OFF)
			continue;
		advice = add(workload, list, MM_CHANGE_RULE, psprintf("measure the scale of %s again", name),
					 psprintf("Its distances are divided by %g, and would now be by %g. With another scale, searches have other distances, and may have other answers.%s",
							  in_force, now, learner->scales.pinned[c] ? " The scale was pinned." : ""));
		advice->statements[advice->nstatements++] = learner->scales.pinned[c] ?
			psprintf("ALTER INDEX %s RESET (scales)", index_name(workload)) :
			psprintf("REINDEX INDEX CONCURRENTLY %s", index_name(workload));
	}
	relation_close(relation, NoLock);
}

List *
mm_advice_rules(const MMWorkload *workload, const MMTrialIndex *standard, List *list)
{
	add_analyze(workload, &list);
	add_scales(workload, standard, &list);
	return list;
}

/* ---------- statements ---------- */

/*
 * A name for an index beside or instead of the present one.
 */
static char *
new_name(const MMWorkload *workload, const char *suffix)
{
	Relation	index = workload->learner->index;
	char	   *name = psprintf("%.40s_%.16s", RelationGetRelationName(index), suffix);

	for (int i = 1; OidIsValid(get_relname_relid(name, RelationGetNamespace(index))); i++)
		name = psprintf("%.40s_%.16s%d", RelationGetRelationName(index), suffix, i);
	return name;
}

/*
 * CREATE INDEX for one like the present one, over other columns.
 */
static char *
create_statement(const MMWorkload *workload, const MMAdvice *advice, const char *name)
{
	Relation	table = workload->learner->table;
	const char *parameters = mm_parameters_sql(&advice->parameters);
	List	   *predicate = RelationGetIndexPredicate(workload->learner->index);
	List	   *context = deparse_context_for(RelationGetRelationName(table), RelationGetRelid(table));
	bool		partitioned = table->rd_rel->relkind == RELKIND_PARTITIONED_TABLE;

	return psprintf("CREATE INDEX %s%s ON %s USING mmdb (%s)%s%s", partitioned ? "" : "CONCURRENTLY ",
					quote_identifier(name), mm_sql_table(table), mm_index_columns_sql(workload, advice->columns),
					parameters[0] != '\0' ? psprintf(" WITH (%s)", parameters) : "",
					predicate == NIL ? "" :
					psprintf(" WHERE %s", deparse_expression((Node *) make_ands_explicit(predicate), context,
															 false, false)));
}

void
mm_advice_finish(const MMWorkload *workload, MMAdvice *advice)
{
	Relation	table = workload->learner->table;
	char	   *name;

	switch (advice->kind)
	{
		case MM_CHANGE_PARAMETERS:
			advice->nstatements = mm_alter_statements(workload, &advice->parameters, advice->statements);
			break;
		case MM_CHANGE_COLUMNS:
			name = new_name(workload, "fewer");
			advice->statements[advice->nstatements++] = create_statement(workload, advice, name);
			advice->statements[advice->nstatements++] =
				psprintf("CALL mmdb.replace_index(%s, %s)", quote_literal_cstr(index_name(workload)),
						 quote_literal_cstr(quote_qualified_identifier(index_schema(workload), name)));
			break;
		case MM_CHANGE_EXTRA:
			advice->statements[advice->nstatements++] = create_statement(workload, advice, new_name(workload, "part"));
			break;
		case MM_CHANGE_BTREE:
			advice->statements[advice->nstatements++] =
				psprintf("CREATE INDEX %sON %s %s",
						 table->rd_rel->relkind == RELKIND_PARTITIONED_TABLE ? "" : "CONCURRENTLY ",
						 mm_sql_table(table), advice->definition);
			break;
		case MM_CHANGE_SETTING:
			advice->statements[advice->nstatements++] = psprintf("SET work_mem = '%s'", advice->setting);
			break;
		case MM_CHANGE_RULE:
			break;
	}
}
