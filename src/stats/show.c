/*-------------------------------------------------------------------------
 *
 * show.c
 *	  The statistics of queries as rows: mmdb.query_stats, and
 *	  mmdb.query_samples.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "stats/visible.h"
#include "type/odbquery.h"

PG_FUNCTION_INFO_V1(mm_query_stats);
PG_FUNCTION_INFO_V1(mm_query_samples);

/* More than there are columns in any row. */
#define MOST_VALUES		64

/*
 * A row that is being put together, value by value.
 */
typedef struct Row
{
	int			n;
	Datum		values[MOST_VALUES];
	bool		nulls[MOST_VALUES];
} Row;

static void
add(Row *row, Datum value, bool isnull)
{
	Assert(row->n < MOST_VALUES);
	row->nulls[row->n] = isnull;
	row->values[row->n++] = isnull ? (Datum) 0 : value;
}

static void
add_oid(Row *row, Oid oid)
{
	add(row, ObjectIdGetDatum(oid), !OidIsValid(oid));
}

static void
add_text(Row *row, const char *text)
{
	add(row, text == NULL ? (Datum) 0 : CStringGetTextDatum(text), text == NULL);
}

static void
add_count(Row *row, int64 count, bool isnull)
{
	add(row, Int64GetDatum(count), isnull);
}

/* NaN becomes NULL. */
static void
add_number(Row *row, double x)
{
	add(row, Float8GetDatum(x), isnan(x));
}

static void
put(FunctionCallInfo fcinfo, Row *row)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	Assert(row->n == rsinfo->setDesc->natts);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, row->values, row->nulls);
}

/*
 * Tell a user who sees figures of one session only how there could be more.
 */
static void
hint_at_preloading(const MMStatsArea *area)
{
	static bool hinted;

	if (area->kind != MM_AREA_SESSION || hinted)
		return;
	hinted = true;
	ereport(NOTICE,
			(errmsg("these are searches of this session only"),
			 errhint("To record those of all sessions, add mmdb to shared_preload_libraries, and restart the server.")));
}

/* ---------- mmdb.query_stats ---------- */

static const char *
answered_by(const MMQueryClass *class)
{
	switch ((MMAnsweredBy) class->by)
	{
		case MM_BY_SEARCH:
			return "search";
		case MM_BY_INDEX_SCAN:
			return "index scan";
		case MM_BY_OTHER_PLAN:
			return "other plan";
		case MM_BY_ALTERNATIVE:
			return "alternative";
		case MM_BY_FANOUT:
			return "servers";
	}
	return NULL;
}

static void
add_columns(Row *row, const MMVisibleEntry *visible, bool hidden)
{
	const MMColumns *columns = visible->columns;
	Datum		names[MM_MAX_COLUMNS];
	Datum		distances[MM_MAX_COLUMNS];

	if (columns == NULL)
	{
		add(row, (Datum) 0, true);
		add(row, (Datum) 0, true);
		return;
	}
	for (int i = 0; i < columns->n; i++)
	{
		names[i] = CStringGetTextDatum(columns->columns[i].name);
		distances[i] = Int64GetDatum(visible->entry.counters.work.distances[visible->numbers[i]]);
	}
	add(row, PointerGetDatum(construct_array(names, columns->n, TEXTOID, -1, false, TYPALIGN_INT)), false);
	add(row, PointerGetDatum(construct_array(distances, columns->n, INT8OID, sizeof(int64),
											 FLOAT8PASSBYVAL, TYPALIGN_DOUBLE)), hidden);
}

/*
 * What part of the index's pages a search has read.
 */
static double
share_read(const MMVisibleEntry *visible)
{
	const MMCounters *c = &visible->entry.counters;

	if (visible->pages == 0 || c->calls == 0)
		return get_float8_nan();
	return (c->work.inner_pages + c->work.leaf_pages + c->work.postings_pages) /
		((double) c->calls * visible->pages);
}

static void
add_work(Row *row, const MMVisibleEntry *visible)
{
	const MMCounters *c = &visible->entry.counters;
	const MMSearchWork *work = &c->work;
	const MMQueryClass *class = &visible->entry.key.class;
	bool		hidden = !visible->work_shown || (class->flags & MM_CLASS_SECURED) ||
		class->by > MM_BY_INDEX_SCAN;

	add_count(row, work->inner_pages, hidden);
	add_count(row, work->leaf_pages, hidden);
	add_count(row, work->sketch_pages, hidden);
	add_count(row, work->postings_pages, hidden);
	add_count(row, work->entries, hidden);
	add_count(row, work->sketched_entries, hidden);
	add_count(row, work->refined, hidden);
	add_count(row, work->postings, hidden);
	add_count(row, work->candidates, hidden);
	/* The executor reads the rows that an index scan finds. */
	add_count(row, work->verified, hidden || class->by == MM_BY_INDEX_SCAN);
	add_count(row, work->proved, hidden || class->by == MM_BY_INDEX_SCAN);
	add_columns(row, visible, hidden || class->by == MM_BY_INDEX_SCAN);
	add_number(row, hidden ? get_float8_nan() : share_read(visible));
	add_count(row, work->by_shared, hidden);
	add_count(row, work->by_subindex, hidden);
	add_count(row, work->by_merge, hidden);
	add_count(row, work->by_paper, hidden);
	add_count(row, work->changes, hidden);
	add_count(row, work->spills, hidden);
	add_count(row, work->table_scans, hidden && class->by != MM_BY_OTHER_PLAN);
	add_count(row, (int64) c->memory, hidden);
}

static void
show_entry(FunctionCallInfo fcinfo, MMVisibleEntry *visible)
{
	const MMStatsEntry *entry = &visible->entry;
	const MMCounters *c = &entry->counters;
	bool		here = entry->key.database == MyDatabaseId;
	bool		measured = entry->key.class.by == MM_BY_ALTERNATIVE;
	Row			row = {0};

	if (here)
		mm_visible_index(visible);
	add_oid(&row, entry->key.database);
	add_oid(&row, entry->key.user);
	add_oid(&row, entry->key.index);
	add_oid(&row, here ? entry->key.index : InvalidOid);
	add_text(&row, mm_class_text(&entry->key.class, visible->counted, mm_visible_name(entry->label)));
	add_text(&row, measured ? mm_visible_name(entry->label) : answered_by(&entry->key.class));
	add_count(&row, c->calls, false);
	/* An index scan finds rows before row-level security comes. */
	add_count(&row, c->work.rows, measured || (entry->key.class.by == MM_BY_INDEX_SCAN && !visible->work_shown));
	add_number(&row, c->total);
	add_number(&row, c->least);
	add_number(&row, c->most);
	add_number(&row, c->mean);
	add_number(&row, c->calls > 0 ? sqrt(c->squares / c->calls) : 0.0);
	add_work(&row, visible);
	/* What searches find is what there is. */
	add_number(&row, !measured ? 1.0 : c->measured > 0 ? c->recall / c->measured : get_float8_nan());
	add_number(&row, !measured ? 1.0 : c->measured > 0 ? c->accuracy / c->measured : get_float8_nan());
	add(&row, Int32GetDatum(c->nsamples), false);
	add(&row, TimestampTzGetDatum(c->since), false);
	add(&row, TimestampTzGetDatum(c->last), false);
	put(fcinfo, &row);
}

/*
 * mmdb.query_stats_entries()
 */
Datum
mm_query_stats(PG_FUNCTION_ARGS)
{
	MMStatsArea *area = mm_area_get();
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, 0);
	hint_at_preloading(area);
	foreach(lc, mm_visible_entries(area, false))
	{
		CHECK_FOR_INTERRUPTS();
		show_entry(fcinfo, lfirst(lc));
	}
	return (Datum) 0;
}

/* ---------- mmdb.query_samples ---------- */

/*
 * The weights that odbknn would take: multiples of normalized distances.
 */
static void
add_weights(Row *row, const MMVisibleEntry *visible, const MMSample *sample)
{
	const MMColumns *columns = visible->columns;
	Datum		weights[MM_MAX_COLUMNS];
	bool		known = columns != NULL && visible->known && sample->has_factors;

	for (int i = 0; known && i < columns->n; i++)
	{
		double		factor = sample->factors[visible->numbers[i]];

		known = factor == 0 || visible->scales[i] > 0;
		weights[i] = Float8GetDatum(factor == 0 ? 0.0 : factor * visible->scales[i]);
	}
	add(row, !known ? (Datum) 0 :
		PointerGetDatum(construct_array(weights, columns->n, FLOAT8OID, sizeof(float8),
										FLOAT8PASSBYVAL, TYPALIGN_DOUBLE)), !known);
}

/*
 * A query object as JSON with the columns' names, as odbknn takes it.  NULL if a
 * component cannot be read any more.
 */
static const char *
object_text(const MMVisibleEntry *visible, const char *object)
{
	OdbQuery   *query = (OdbQuery *) object;
	OdbQueryLayout layout;
	OdbQueryParts parts;
	StringInfoData buf;
	const char *separator = "";

	if (object == NULL || visible->columns == NULL || query->natts != visible->counted->n)
		return NULL;
	mm_odbquery_locate(query, &layout);
	for (int i = 0; i < query->natts; i++)
		if (!mm_component_is_readable(layout.types[i], &layout.kinds[i]))
			return NULL;
	mm_odbquery_unpack(query, &parts);
	initStringInfo(&buf);
	appendStringInfoChar(&buf, '{');
	for (int i = 0; i < visible->columns->n; i++)
	{
		int			component = visible->numbers[i];
		Oid			output;
		bool		isvarlena;

		if (parts.isnull[component])
			continue;
		getTypeOutputInfo(parts.types[component], &output, &isvarlena);
		appendStringInfoString(&buf, separator);
		escape_json(&buf, visible->columns->columns[i].name);
		appendStringInfoString(&buf, ": ");
		escape_json(&buf, OidOutputFunctionCall(output, parts.values[component]));
		separator = ", ";
	}
	appendStringInfoChar(&buf, '}');
	return buf.data;
}

static void
show_samples(FunctionCallInfo fcinfo, const MMVisibleEntry *visible)
{
	const MMStatsEntry *entry = &visible->entry;
	const MMCounters *c = &entry->counters;
	const MMQueryClass *class = &entry->key.class;
	/* Objects of others may be rows that only they may read. */
	bool		objects = entry->key.user == GetUserId() || visible->known;

	for (int i = 0; i < c->nsamples; i++)
	{
		const MMSample *sample = &entry->samples[i];
		Row			row = {0};

		add_oid(&row, entry->key.index);
		add_text(&row, mm_class_text(class, visible->counted, mm_visible_name(entry->label)));
		add_weights(&row, visible, sample);
		add(&row, Int32GetDatum((int32) Min(sample->k, PG_INT32_MAX)), sample->k == 0);
		add_number(&row, sample->radius);
		add_text(&row, objects ? object_text(visible, visible->objects[i]) : NULL);
		add(&row, BoolGetDatum((class->flags & (MM_CLASS_NE | MM_CLASS_NR | MM_CLASS_FILTER)) != 0), false);
		add_count(&row, (int64) Max(rint(c->recent / c->nsamples), 1), false);
		add_number(&row, c->mean);
		put(fcinfo, &row);
	}
}

/*
 * mmdb.query_samples(index)
 */
Datum
mm_query_samples(PG_FUNCTION_ARGS)
{
	MMStatsArea *area = mm_area_get();
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, 0);
	hint_at_preloading(area);
	foreach(lc, mm_visible_entries(area, true))
	{
		MMVisibleEntry *visible = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		if (visible->entry.key.database != MyDatabaseId ||
			(!PG_ARGISNULL(0) && visible->entry.key.index != PG_GETARG_OID(0)))
			continue;
		mm_visible_index(visible);
		show_samples(fcinfo, visible);
	}
	return (Datum) 0;
}
