/*-------------------------------------------------------------------------
 *
 * recall.c
 *	  mm_measure_recall: what an approximate alternative to a search finds of what
 *	  the search finds.
 *
 * Searches by the index are exact, so they are the truth.  A row that the
 * alternative returns is right if it is no farther away than the last row of the
 * exact answer; which of several rows at that distance an answer has does not
 * matter.  Recall is the part of the exact answer's size that is right, and
 * accuracy the part of the alternative's rows.
 *
 * Rows are identified by their places in the table, under one snapshot.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/relation.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "compat.h"
#include "index/open.h"
#include "model/statistics.h"
#include "query/query.h"
#include "stats/track.h"
#include "type/weights.h"

PG_FUNCTION_INFO_V1(mm_measure_recall);

enum
{
	ARG_INDEX,
	ARG_ALTERNATIVE,
	ARG_WORKLOAD,
	ARG_LABEL,
	ARG_QUERIES,
	ARG_DEPTH
};

/* The name of the alternative that is built in. */
#define LATE_FUSION	"late fusion"

/*
 * A query of the workload.
 */
typedef struct RecallQuery
{
	text	   *object;			/* of the form of odbvalues */
	ArrayType  *weights;
	int32		k;
} RecallQuery;

/*
 * What was measured for the queries of one class.
 */
typedef struct ClassRecall
{
	MMQueryClass class;
	int64		queries;
	double		recall;			/* added up, as all of the following */
	double		accuracy;
	double		exact_ms;
	double		alternative_ms;
} ClassRecall;

typedef struct Measurement
{
	Relation	index;
	Relation	table;
	MMColumns  *columns;
	MMMeta	   *statistics;
	MMScales	scales;
	MMSqlStyle	style;
	const char *schema;			/* of mmdb's functions */
	Datum		equal_weights;	/* all 1 */
	const char *alternative;	/* a SELECT; NULL: late fusion */
	int			depth;			/* of the lists that are fused, in multiples of k */
	const char *label;
	List	   *classes;		/* of ClassRecall * */
} Measurement;

/* ---------- running statements ---------- */

static double
milliseconds_since(instr_time begun)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, begun);
	return INSTR_TIME_GET_MILLISEC(now);
}

/*
 * Run a statement.  Returns how long it took.  Its result is that of SPI.
 */
static double
run(const char *sql, int nparams, Oid *types, Datum *values)
{
	instr_time	begun;

	INSTR_TIME_SET_CURRENT(begun);
	if (SPI_execute_with_args(sql, nparams, types, values, NULL, true, 0) != SPI_OK_SELECT)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("this is not a SELECT: %s", sql)));
	return milliseconds_since(begun);
}

/*
 * The places that the statement which was run last has returned, as an array.
 */
static Datum
places_returned(void)
{
	Datum	   *places = palloc(sizeof(Datum) * Max(SPI_processed, 1));
	int			n = 0;

	if (SPI_tuptable->tupdesc->natts != 1 || SPI_gettypeid(SPI_tuptable->tupdesc, 1) != TIDOID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the alternative must return one column of type tid"),
				 errhint("SELECT ctid FROM the table that the index is on; $1 is the query object (text), $2 the weights (double precision[]), $3 k (integer).")));
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		isnull;
		Datum		place = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull);

		if (!isnull)
			places[n++] = place;
	}
	return PointerGetDatum(construct_array(places, n, TIDOID, sizeof(ItemPointerData), false, TYPALIGN_SHORT));
}

/* ---------- the workload ---------- */

/*
 * Read the queries of the workload.
 */
static List *
read_workload(Measurement *m, const char *workload, int most)
{
	bool		recorded = strcmp(workload, "recorded") == 0;
	MemoryContext context = CurrentMemoryContext;
	Oid			type = REGCLASSOID;
	Datum		index = ObjectIdGetDatum(RelationGetRelid(m->index));
	const char *sql = recorded ?
		"SELECT s.query, s.weights, s.k FROM mmdb.query_samples($1) s"
		" WHERE s.query IS NOT NULL AND s.weights IS NOT NULL AND s.k IS NOT NULL AND s.radius IS NULL" :
		psprintf("SELECT w.query::pg_catalog.text, w.weights::pg_catalog.float8[], w.k::pg_catalog.int4 FROM (%s) AS w(query, weights, k)",
				 workload);
	List	   *queries = NIL;

	SPI_connect();
	(void) run(sql, recorded ? 1 : 0, &type, &index);
	for (uint64 i = 0; i < SPI_processed && list_length(queries) < most; i++)
	{
		MemoryContext old = MemoryContextSwitchTo(context);
		RecallQuery *query = palloc(sizeof(RecallQuery));
		bool		isnull[3];
		Datum		values[3];

		for (int c = 0; c < 3; c++)
			values[c] = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, c + 1, &isnull[c]);
		if (isnull[0] || isnull[2] || DatumGetInt32(values[2]) < 1)
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("a row of the workload has no query object, or no k of at least 1")));
		query->object = DatumGetTextPCopy(values[0]);
		query->weights = isnull[1] ? NULL : DatumGetArrayTypePCopy(values[1]);
		query->k = DatumGetInt32(values[2]);
		queries = lappend(queries, query);
		MemoryContextSwitchTo(old);
	}
	SPI_finish();
	if (queries == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("there are no queries to measure with"),
				 recorded ?
				 errhint("Recorded searches have query objects where mmdb.track_samples is objects. Or give a SELECT of query, weights and k as workload.") :
				 errhint("The workload is a SELECT that has returned no rows.")));
	return queries;
}

static MMTerms *
make_terms(const Measurement *m, const RecallQuery *query)
{
	OdbQueryParts parts;
	double	   *weights;
	MMTerms    *terms;

	mm_values_query(mm_values_parse(query->object), m->index, m->columns, &parts);
	weights = mm_weights_from_array(query->weights, m->columns->n, mm_column_names(m->columns), NULL);
	terms = mm_terms_make(m->columns, &parts, weights, m->scales.in_force);
	mm_terms_check_dimensions(m->columns, terms, m->statistics);
	mm_sql_require_scales(&m->style, terms, m->statistics, &m->scales);
	return terms;
}

/* ---------- one query ---------- */

static char *
distance_text(const Measurement *m, const MMTerms *terms)
{
	StringInfoData buf;

	initStringInfo(&buf);
	mm_sql_distance(&buf, &m->style, terms);
	return buf.data;
}

/*
 * Weighted late fusion of the lists of each column's nearest rows, as a SELECT.
 */
static char *
late_fusion(const Measurement *m, const MMTerms *terms, int32 k)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoString(&buf, "SELECT u.place FROM (");
	for (int i = 0; i < terms->n; i++)
	{
		MMTerms		one = {.n = 1, .terms = {terms->terms[i]}};

		appendStringInfo(&buf, "%s(SELECT l.place, l.distance, pg_catalog.max(l.distance) OVER () AS farthest, %s AS weight"
						 " FROM (SELECT %s.ctid AS place, %s AS distance FROM ONLY %s AS %s ORDER BY 2 LIMIT " INT64_FORMAT ") AS l"
						 " WHERE l.distance IS NOT NULL)",
						 i == 0 ? "" : " UNION ALL ", mm_sql_number(terms->terms[i].weight), m->style.alias,
						 distance_text(m, &one), mm_sql_table(m->table), m->style.alias, (int64) k * m->depth);
	}
	appendStringInfo(&buf, ") AS u GROUP BY u.place ORDER BY %s(u.distance, u.farthest, u.weight) DESC LIMIT %d",
					 quote_qualified_identifier(m->schema, "mm_late_fusion"), k);
	return buf.data;
}

/*
 * Count, of the rows at these places, those that are no farther away than the
 * truth's last one, and all that there are.
 */
static void
count_right(const Measurement *m, const char *distance, Datum places, double farthest, int64 *right,
			int64 *all)
{
	Oid			types[] = {TIDARRAYOID, FLOAT8OID};
	Datum		values[] = {places, Float8GetDatum(farthest)};
	bool		isnull;

	(void) run(psprintf("SELECT pg_catalog.count(*) FILTER (WHERE s.distance OPERATOR(pg_catalog.<=) $2), pg_catalog.count(*)"
						" FROM (SELECT %s AS distance FROM ONLY %s AS %s WHERE %s.ctid OPERATOR(pg_catalog.=) ANY ($1)) AS s",
						distance, mm_sql_table(m->table), m->style.alias, m->style.alias),
			   2, types, values);
	*right = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	*all = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &isnull));
}

static ClassRecall *
class_of(Measurement *m, const MMTerms *terms, int32 k)
{
	MMQueryClass class = {.by = MM_BY_ALTERNATIVE, .k = mm_class_of_k(k)};
	ClassRecall *result;
	ListCell   *lc;

	for (int i = 0; i < terms->n; i++)
		class.nearest |= UINT32_C(1) << terms->terms[i].column;
	foreach(lc, m->classes)
	{
		result = lfirst(lc);
		if (memcmp(&result->class, &class, sizeof(class)) == 0)
			return result;
	}
	result = palloc0(sizeof(ClassRecall));
	result->class = class;
	m->classes = lappend(m->classes, result);
	return result;
}

static void
measure_query(Measurement *m, const RecallQuery *query)
{
	MMTerms    *terms = make_terms(m, query);
	ClassRecall *class = class_of(m, terms, query->k);
	char	   *distance = distance_text(m, terms);
	Oid			types[] = {TEXTOID, FLOAT8ARRAYOID, INT4OID};
	Datum		values[] = {PointerGetDatum(query->object), (Datum) 0, Int32GetDatum(query->k)};
	const char *alternative = m->alternative != NULL ? m->alternative : late_fusion(m, terms, query->k);
	double		farthest = get_float8_infinity();
	int64		wanted;
	int64		right;
	int64		all;
	bool		isnull;
	Datum		places;

	values[1] = query->weights != NULL ? PointerGetDatum(query->weights) : m->equal_weights;
	SPI_connect();
	class->exact_ms += run(psprintf("SELECT %s.ctid, %s FROM ONLY %s AS %s ORDER BY 2 LIMIT %d", m->style.alias,
									distance, mm_sql_table(m->table), m->style.alias, query->k),
						   0, NULL, NULL);
	wanted = SPI_processed;
	if (wanted > 0)
	{
		Datum		last = SPI_getbinval(SPI_tuptable->vals[wanted - 1], SPI_tuptable->tupdesc, 2, &isnull);

		farthest = isnull ? get_float8_infinity() : DatumGetFloat8(last);
	}
	class->alternative_ms += run(alternative, m->alternative != NULL ? 3 : 0, types, values);
	places = places_returned();
	count_right(m, distance, places, farthest, &right, &all);
	SPI_finish();
	class->queries++;
	class->recall += wanted == 0 ? 1.0 : (double) Min(right, wanted) / wanted;
	class->accuracy += all == 0 ? (wanted == 0) : (double) right / all;
}

/* ---------- the function ---------- */

static Datum
equal_weights(int n)
{
	Datum		weights[MM_MAX_COLUMNS];

	for (int i = 0; i < n; i++)
		weights[i] = Float8GetDatum(1.0);
	return PointerGetDatum(construct_array(weights, n, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL,
										   TYPALIGN_DOUBLE));
}

static void
measure_all(Measurement *m, List *queries)
{
	int			track = mm_track_setting;
	ListCell   *lc;

	/* What is run here is not what users ask. */
	mm_track_setting = MM_TRACK_NONE;
	PG_TRY();
	{
		foreach(lc, queries)
		{
			CHECK_FOR_INTERRUPTS();
			measure_query(m, lfirst(lc));
		}
	}
	PG_FINALLY();
	{
		mm_track_setting = track;
	}
	PG_END_TRY();
}

static void
put_class(FunctionCallInfo fcinfo, const Measurement *m, const ClassRecall *class)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	double		n = class->queries;
	Datum		values[] = {
		CStringGetTextDatum(mm_class_text(&class->class, m->columns, m->label)),
		Int64GetDatum(class->queries),
		Float8GetDatum(class->recall / n),
		Float8GetDatum(class->accuracy / n),
		Float8GetDatum(class->exact_ms / n),
		Float8GetDatum(class->alternative_ms / n),
	};
	bool		nulls[lengthof(values)] = {false};

	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	mm_track_alternative(RelationGetRelid(m->index), &class->class, m->label, class->queries,
						 class->alternative_ms / n, class->recall / n, class->accuracy / n);
}

static int
positive_argument(FunctionCallInfo fcinfo, int arg, const char *name)
{
	int			value;

	mm_require_argument(fcinfo, arg, name);
	value = PG_GETARG_INT32(arg);
	if (value < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be at least 1, not %d", name, value)));
	return value;
}

/*
 * mm_measure_recall(index_name, alternative, workload, label, queries, depth)
 */
Datum
mm_measure_recall(PG_FUNCTION_ARGS)
{
	Measurement m = {0};
	const char *alternative;
	List	   *queries;
	int			most;
	ListCell   *lc;

	mm_require_argument(fcinfo, ARG_INDEX, "index_name");
	mm_require_argument(fcinfo, ARG_ALTERNATIVE, "alternative");
	mm_require_argument(fcinfo, ARG_WORKLOAD, "workload");
	most = positive_argument(fcinfo, ARG_QUERIES, "queries");
	m.depth = positive_argument(fcinfo, ARG_DEPTH, "depth");
	alternative = text_to_cstring(PG_GETARG_TEXT_PP(ARG_ALTERNATIVE));
	m.alternative = strcmp(alternative, LATE_FUSION) == 0 ? NULL : alternative;
	m.label = !PG_ARGISNULL(ARG_LABEL) ? text_to_cstring(PG_GETARG_TEXT_PP(ARG_LABEL)) :
		m.alternative == NULL ? LATE_FUSION : "alternative";

	InitMaterializedSRF(fcinfo, 0);
	m.index = mm_index_open(PG_GETARG_OID(ARG_INDEX), false);
	mm_index_require_valid(m.index);
	if (m.index->rd_rel->relkind == RELKIND_PARTITIONED_INDEX)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is a partitioned index", RelationGetRelationName(m.index)),
				 errhint("Name the index of one of the partitions.")));
	m.table = table_open(m.index->rd_index->indrelid, AccessShareLock);
	m.columns = mm_columns_present(m.index);
	mm_sql_style(&m.style, m.index, m.columns, m.table);
	m.style.parameters = false;
	m.style.literals = true;
	m.schema = get_namespace_name(get_func_namespace(fcinfo->flinfo->fn_oid));
	m.equal_weights = equal_weights(m.columns->n);
	m.statistics = mm_statistics_get(m.index, m.columns);
	mm_scales_get(m.index, m.columns, m.statistics, &m.scales);
	queries = read_workload(&m, text_to_cstring(PG_GETARG_TEXT_PP(ARG_WORKLOAD)), most);
	measure_all(&m, queries);
	foreach(lc, m.classes)
		put_class(fcinfo, &m, lfirst(lc));
	table_close(m.table, AccessShareLock);
	relation_close(m.index, AccessShareLock);
	return (Datum) 0;
}
