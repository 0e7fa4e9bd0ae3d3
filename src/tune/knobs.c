/*-------------------------------------------------------------------------
 *
 * knobs.c
 *	  What can be tuned, its ranges, and how a configuration is written down.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_class.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "index/options.h"
#include "index/subindexes.h"
#include "tune/knobs.h"

/* The sharpest weights: those of the workload to this power. */
#define MOST_SHARPNESS	3.0

/* The range of the knob sample_rows ends where copies usually do. */
#define MOST_SAMPLE_ROWS	50000

/* ---------- the knobs of an index ---------- */

static const MMKnob of_index[] = {
	{
		.name = "pivots",
		.meaning = "coordinates of each column that has none of its own; 0 lets the index choose",
		.kind = MM_KNOB_INTEGER, .low = 0, .high = 12, .column = -1,
	},
	{
		.name = "sample_rows",
		.meaning = "rows on which pivots, coordinates and sketches are chosen",
		.kind = MM_KNOB_INTEGER, .low = 500, .high = MOST_SAMPLE_ROWS, .logarithmic = true,
		.column = -1, .standard = MM_DEFAULT_SAMPLE_ROWS,
	},
	{
		.name = "fillfactor",
		.meaning = "per cent to which pages are filled",
		.kind = MM_KNOB_INTEGER, .low = 50, .high = 100, .column = -1, .standard = MM_DEFAULT_FILLFACTOR,
	},
	{
		.name = "weights",
		.meaning = "the weights that the tree is packed for: the workload's mean weights to this power; 0: all the same",
		.kind = MM_KNOB_REAL, .low = 0, .high = MOST_SHARPNESS, .column = -1,
	},
};

#define SUBINDEX_PREFIX		"subindexes."

static const char *
subindex_knob(const MMColumn *column)
{
	return psprintf(SUBINDEX_PREFIX "%s", column->name);
}

static MMKnob
make_subindex_knob(const MMColumns *columns, int c)
{
	const MMColumn *column = &columns->columns[c];
	MMKnob		knob = {
		.name = subindex_knob(column),
		.meaning = "the kind of a sub-index over this column",
		.kind = MM_KNOB_CHOICE,
		.column = c,
	};

	knob.choices[knob.nchoices++] = "none";
	knob.choices[knob.nchoices++] = mm_subindex_kind_name(MM_SUBINDEX_RTREE);
	knob.choices[knob.nchoices++] = mm_subindex_kind_name(MM_SUBINDEX_MVP);
	if (column->space.routine != NULL && column->space.routine->tokens != NULL)
		knob.choices[knob.nchoices++] = mm_subindex_kind_name(MM_SUBINDEX_INVERTED);
	knob.unit = "";
	return knob;
}

/*
 * Set the defaults of the knobs of sub-indexes to those that an index has.
 */
static void
take_subindexes(MMKnobs *knobs, const MMTrialIndex *standard)
{
	const char *kinds[MM_MAX_COLUMNS];

	mm_trial_subindexes(standard, kinds);
	for (int i = 0; i < knobs->n; i++)
	{
		MMKnob	   *knob = &knobs->knobs[i];

		for (int choice = 0; choice < knob->nchoices; choice++)
			if (kinds[knob->column] != NULL && strcmp(knob->choices[choice], kinds[knob->column]) == 0)
				knob->standard = choice;
	}
}

MMKnobs *
mm_knobs_of_index(const MMWorkload *workload, const MMCopy *copy, const MMTrialIndex *standard)
{
	const MMColumns *columns = workload->learner->columns;
	MMKnobs    *knobs = palloc0(sizeof(MMKnobs));

	knobs->workload = workload;
	mm_workload_weights(workload, knobs->weights);
	for (int i = 0; i < (int) lengthof(of_index); i++)
		knobs->knobs[knobs->n++] = of_index[i];
	for (int i = 0; i < knobs->n; i++)
		if (strcmp(knobs->knobs[i].name, "sample_rows") == 0)
			knobs->knobs[i].high = Max(Min(MOST_SAMPLE_ROWS, copy->rows), MM_DEFAULT_SAMPLE_ROWS);
	for (int c = 0; c < columns->n; c++)
		if (OidIsValid(columns->columns[c].opclass))
			knobs->knobs[knobs->n++] = make_subindex_knob(columns, c);
	take_subindexes(knobs, standard);
	return knobs;
}

/* ---------- the knobs of a session ---------- */

static const MMKnob of_session[] = {
	{
		.name = "mmdb.driver",
		.meaning = "what drives a search",
		.kind = MM_KNOB_CHOICE, .nchoices = 5, .column = -1,
		.choices = {"auto", "shared", "subindex", "merge", "paper"},
	},
	{
		.name = "random_page_cost",
		.meaning = "what the planner takes a page out of order to cost",
		.kind = MM_KNOB_REAL, .low = 1, .high = 10, .logarithmic = true, .column = -1,
	},
	{
		.name = "cpu_operator_cost",
		.meaning = "what the planner takes an operator call to cost",
		.kind = MM_KNOB_REAL, .low = 0.0005, .high = 0.05, .logarithmic = true, .column = -1,
	},
	{
		.name = "work_mem",
		.meaning = "memory of a search for pages and rows that wait",
		.unit = "kB", .kind = MM_KNOB_INTEGER, .low = 1024, .high = 262144, .logarithmic = true, .column = -1,
	},
	{
		.name = "effective_io_concurrency",
		.meaning = "rows of candidates to prefetch",
		.kind = MM_KNOB_INTEGER, .low = 0, .high = 64, .column = -1,
	},
};

/* The last of them changes no count. */
#define COUNTED_SETTINGS	((int) lengthof(of_session) - 1)

MMKnobs *
mm_knobs_of_session(const MMWorkload *workload, bool timed)
{
	MMKnobs    *knobs = palloc0(sizeof(MMKnobs));

	knobs->session = true;
	knobs->workload = workload;
	for (int i = 0; i < (timed ? (int) lengthof(of_session) : COUNTED_SETTINGS); i++)
	{
		MMKnob	   *knob = &knobs->knobs[knobs->n++];
		const char *value = GetConfigOption(of_session[i].name, true, false);

		*knob = of_session[i];
		if (knob->unit == NULL)
			knob->unit = "";
		for (int choice = 0; choice < knob->nchoices; choice++)
			if (value != NULL && strcmp(knob->choices[choice], value) == 0)
				knob->standard = choice;
		if (knob->nchoices == 0 && value != NULL)
			knob->standard = strtod(value, NULL);
		/* What is set now can be told from all else. */
		if (knob->nchoices == 0)
		{
			knob->low = Min(knob->low, knob->standard);
			knob->high = Max(knob->high, knob->standard);
		}
	}
	return knobs;
}

/* ---------- names ---------- */

static bool
is_in(const char *name, const char *group, const char *knob)
{
	return strcmp(name, group) == 0 || strcmp(name, knob) == 0 ||
		(strcmp(name, "subindexes") == 0 && strncmp(knob, SUBINDEX_PREFIX, strlen(SUBINDEX_PREFIX)) == 0);
}

bool
mm_knobs_is_name(const MMWorkload *workload, bool session, const char *name)
{
	const MMColumns *columns = workload->learner->columns;
	const char *group = session ? "session" : "index";

	for (int i = 0; i < (int) lengthof(of_session) && session; i++)
		if (is_in(name, group, of_session[i].name))
			return true;
	for (int i = 0; i < (int) lengthof(of_index) && !session; i++)
		if (is_in(name, group, of_index[i].name))
			return true;
	for (int c = 0; c < columns->n && !session; c++)
		if (is_in(name, group, subindex_knob(&columns->columns[c])))
			return true;
	return false;
}

bool
mm_knobs_names_include(char **names, int n, const char *parameter)
{
	for (int i = 0; i < n; i++)
		if (is_in(names[i], "index", parameter))
			return true;
	return n == 0;
}

char *
mm_knobs_list(const MMWorkload *workload)
{
	StringInfoData list;

	(void) workload;
	initStringInfo(&list);
	appendStringInfoString(&list, "index, session");
	for (int i = 0; i < (int) lengthof(of_index); i++)
		appendStringInfo(&list, ", %s", of_index[i].name);
	appendStringInfoString(&list, ", subindexes, " SUBINDEX_PREFIX "COLUMN");
	for (int i = 0; i < (int) lengthof(of_session); i++)
		appendStringInfo(&list, ", %s", of_session[i].name);
	return list.data;
}

void
mm_knobs_choose(MMKnobs *knobs, char **names, int n)
{
	int			kept = 0;

	for (int i = 0; i < knobs->n; i++)
	{
		bool		named = false;

		for (int j = 0; j < n; j++)
			named |= is_in(names[j], knobs->session ? "session" : "index", knobs->knobs[i].name);
		if (named)
			knobs->knobs[kept++] = knobs->knobs[i];
		else if (knobs->knobs[i].column >= 0)
			knobs->fixed[knobs->nfixed++] = knobs->knobs[i];
	}
	knobs->n = kept;
}

/* ---------- points and values ---------- */

void
mm_knobs_standard(const MMKnobs *knobs, double *values)
{
	for (int i = 0; i < knobs->n; i++)
		values[i] = knobs->knobs[i].standard;
}

/*
 * Three digits are enough, and can be read.
 */
static double
three_digits(double x)
{
	return strtod(psprintf("%.3g", x), NULL);
}

void
mm_knobs_decode(const MMKnobs *knobs, const double *point, double *values)
{
	for (int i = 0; i < knobs->n; i++)
	{
		const MMKnob *knob = &knobs->knobs[i];
		double		x = Min(Max(point[i], 0.0), 1.0);

		if (knob->kind == MM_KNOB_CHOICE)
			values[i] = Min(floor(x * knob->nchoices), knob->nchoices - 1);
		else
		{
			values[i] = knob->logarithmic ? knob->low * pow(knob->high / knob->low, x) :
				knob->low + (knob->high - knob->low) * x;
			values[i] = three_digits(values[i]);
			if (knob->kind == MM_KNOB_INTEGER)
				values[i] = rint(values[i]);
			/* What is set now may have more digits. */
			if (values[i] == three_digits(knob->standard))
				values[i] = knob->standard;
			values[i] = Min(Max(values[i], knob->low), knob->high);
		}
	}
}

void
mm_knobs_encode(const MMKnobs *knobs, const double *values, double *point)
{
	for (int i = 0; i < knobs->n; i++)
	{
		const MMKnob *knob = &knobs->knobs[i];

		point[i] = knob->kind == MM_KNOB_CHOICE ? (values[i] + 0.5) / knob->nchoices :
			knob->logarithmic ? log(values[i] / knob->low) / log(knob->high / knob->low) :
			(values[i] - knob->low) / (knob->high - knob->low);
	}
}

/* ---------- as text ---------- */

static const char *
value_text(const MMKnob *knob, double value)
{
	return knob->kind == MM_KNOB_CHOICE ? knob->choices[(int) value] : psprintf("%g", value);
}

/* As is, %g would write a million as 1e+06. */
static const char *
number_text(const MMKnob *knob, double value)
{
	return knob->kind == MM_KNOB_INTEGER ? psprintf("%.0f", value) : value_text(knob, value);
}

char *
mm_weights_parameter(const double *weights, int m, double sharpness)
{
	StringInfoData buf;
	double		most = 0.0;

	for (int c = 0; c < m; c++)
		most = Max(most, weights[c]);
	initStringInfo(&buf);
	for (int c = 0; c < m; c++)
		appendStringInfo(&buf, "%c%.3g", c > 0 ? ',' : '{',
						 weights[c] > 0 ? pow(weights[c] / most, sharpness) : 0.0);
	appendStringInfoChar(&buf, '}');
	return buf.data;
}

char *
mm_knobs_json(const MMKnobs *knobs, const double *values)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 0; i < knobs->n; i++)
	{
		const MMKnob *knob = &knobs->knobs[i];

		appendStringInfoString(&buf, i > 0 ? ", " : "{");
		escape_json(&buf, knob->name);
		appendStringInfoString(&buf, ": ");
		if (knob->kind == MM_KNOB_CHOICE)
			escape_json(&buf, value_text(knob, values[i]));
		else
			appendStringInfoString(&buf, number_text(knob, values[i]));
	}
	appendStringInfoChar(&buf, '}');
	return buf.data;
}

static void
append_subindex(StringInfo buf, const MMKnobs *knobs, const MMKnob *knob, double value)
{
	if (value > 0)
		appendStringInfo(buf, "%s%s %s", buf->len > 0 ? ", " : "",
						 quote_identifier(knobs->workload->learner->columns->columns[knob->column].name),
						 knob->choices[(int) value]);
}

/*
 * The storage parameter subindexes, or NULL where the defaults are asked for.
 */
static char *
subindexes_parameter(const MMKnobs *knobs, const double *values)
{
	StringInfoData buf;
	bool		differs = false;

	initStringInfo(&buf);
	for (int i = 0; i < knobs->n; i++)
	{
		const MMKnob *knob = &knobs->knobs[i];

		if (knob->column < 0)
			continue;
		differs |= values[i] != knob->standard;
		append_subindex(&buf, knobs, knob, values[i]);
	}
	if (!differs)
		return NULL;
	for (int i = 0; i < knobs->nfixed; i++)
		append_subindex(&buf, knobs, &knobs->fixed[i], knobs->fixed[i].standard);
	return buf.len > 0 ? buf.data : pstrdup("none");
}

void
mm_knobs_parameters(const MMKnobs *knobs, const double *values, MMParameters *parameters)
{
	char	   *subindexes = subindexes_parameter(knobs, values);

	for (int i = 0; i < knobs->n; i++)
	{
		const MMKnob *knob = &knobs->knobs[i];

		if (knob->column >= 0 || values[i] == knob->standard)
			continue;
		for (int p = 0; p < MM_PARAMETERS_OF_INDEX; p++)
			if (strcmp(mm_parameter_names[p], knob->name) == 0)
				parameters->values[p] = p == MM_PARAMETER_WEIGHTS ?
					mm_weights_parameter(knobs->weights, knobs->workload->learner->m, values[i]) :
					number_text(knob, values[i]);
	}
	if (subindexes != NULL)
		parameters->values[MM_PARAMETER_SUBINDEXES] = subindexes;
}

/*
 * The statements where ALTER INDEX ... SET is not possible: for a partitioned index.
 */
static int
make_anew(const MMWorkload *workload, const MMParameters *parameters, char **statements)
{
	Relation	index = workload->learner->index;
	const char *schema = get_namespace_name(RelationGetNamespace(index));
	const char *made = psprintf("%.50s_tuned", RelationGetRelationName(index));
	const char *with = mm_parameters_sql(parameters);

	statements[0] = psprintf("CREATE INDEX %s ON %s USING mmdb (%s)%s", quote_identifier(made),
							 mm_sql_table(workload->learner->table),
							 mm_index_columns_sql(workload, mm_all_columns(workload)),
							 with[0] != '\0' ? psprintf(" WITH (%s)", with) : "");
	statements[1] = psprintf("CALL mmdb.replace_index(%s, %s)",
							 quote_literal_cstr(quote_qualified_identifier(schema, RelationGetRelationName(index))),
							 quote_literal_cstr(quote_qualified_identifier(schema, made)));
	return 2;
}

int
mm_alter_statements(const MMWorkload *workload, const MMParameters *parameters, char **statements)
{
	Relation	index = workload->learner->index;
	const char *name = quote_qualified_identifier(get_namespace_name(RelationGetNamespace(index)),
												  RelationGetRelationName(index));
	MMParameters has = mm_parameters_get(index);
	MMParameters set = {{0}};
	StringInfoData reset;
	int			n = 0;

	initStringInfo(&reset);
	for (int i = 0; i < MM_PARAMETERS_OF_INDEX; i++)
	{
		const char *before = has.values[i];
		const char *after = parameters->values[i];

		if (after == NULL && before != NULL)
			appendStringInfo(&reset, "%s%s", reset.len > 0 ? ", " : "", mm_parameter_names[i]);
		else if (after != NULL && (before == NULL || strcmp(before, after) != 0))
			set.values[i] = after;
	}
	if (reset.len == 0 && mm_parameters_sql(&set)[0] == '\0')
		return 0;
	if (index->rd_rel->relkind == RELKIND_PARTITIONED_INDEX)
		return make_anew(workload, parameters, statements);
	if (reset.len > 0)
		statements[n++] = psprintf("ALTER INDEX %s RESET (%s)", name, reset.data);
	if (mm_parameters_sql(&set)[0] != '\0')
		statements[n++] = psprintf("ALTER INDEX %s SET (%s)", name, mm_parameters_sql(&set));
	statements[n++] = psprintf("REINDEX INDEX CONCURRENTLY %s", name);
	return n;
}

int
mm_knobs_statements(const MMKnobs *knobs, const double *values, const MMParameters *kept, char **statements)
{
	MMParameters parameters;
	int			n = 0;

	if (!knobs->session)
	{
		parameters = *kept;
		mm_knobs_parameters(knobs, values, &parameters);
		return mm_alter_statements(knobs->workload, &parameters, statements);
	}
	for (int i = 0; i < knobs->n; i++)
		if (values[i] != knobs->knobs[i].standard)
			statements[n++] = psprintf("SET %s = '%s%s'", knobs->knobs[i].name,
									   number_text(&knobs->knobs[i], values[i]), knobs->knobs[i].unit);
	return n;
}

void
mm_knobs_set(const MMKnobs *knobs, const double *values)
{
	for (int i = 0; i < knobs->n; i++)
		(void) set_config_option(knobs->knobs[i].name,
								 psprintf("%s%s", number_text(&knobs->knobs[i], values[i]), knobs->knobs[i].unit),
								 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}
