/*-------------------------------------------------------------------------
 *
 * examples.c
 *	  Reading examples: query objects and the keys of relevant rows.
 *
 * They come as the rows of a query, or as jsonb, which is taken apart by a
 * query, too.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/hsearch.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "base/compare.h"
#include "compat.h"
#include "learn/learner.h"

static void
example_error_context(void *arg)
{
	errcontext("example %d", *(int *) arg);
}

/* ---------- one example ---------- */

/*
 * Make an example keep its query object.
 */
static void
keep_terms(MMLearner *learner, MMExample *example, OdbQueryParts *query)
{
	MMTerms    *terms;
	MemoryContext old;

	terms = mm_terms_make(learner->columns, query, learner->usable, learner->scales.in_force);
	mm_terms_check_dimensions(learner->columns, terms, learner->statistics);
	mm_sql_require_scales(&learner->style, terms, learner->statistics, &learner->scales);

	for (int i = 0; i < terms->n; i++)
	{
		MMTerm	   *term = &terms->terms[i];

		term->value = mm_column_detoast(&learner->columns->columns[term->column], term->value);
	}

	/*
	 * Keep a copy, without whatever else was allocated while the terms were
	 * made.
	 */
	old = MemoryContextSwitchTo(learner->context);
	example->terms = palloc(offsetof(MMTerms, terms) + sizeof(MMTerm) * terms->n);
	memcpy(example->terms, terms, offsetof(MMTerms, terms) + sizeof(MMTerm) * terms->n);
	for (int i = 0; i < terms->n; i++)
	{
		MMTerm	   *term = &example->terms->terms[i];
		const MMColumn *column = &learner->columns->columns[term->column];

		term->value = datumCopy(term->value, column->typbyval, column->typlen);
	}
	MemoryContextSwitchTo(old);
}

/*
 * Take a row of the table as the query object.
 */
static void
receive_query(MMLearner *learner, const MMRow *row, void *arg)
{
	MMExample  *example = arg;
	Oid			types[MM_MAX_COLUMNS];
	OdbQueryParts query = {
		.natts = learner->m,
		.types = types,
		.values = row->values,
		.isnull = row->isnull,
	};

	/*
	 * Children by inheritance have keys of their own, so there may be a second
	 * row.
	 */
	if (example->is_row)
		ereport(ERROR,
				(errcode(ERRCODE_CARDINALITY_VIOLATION),
				 errmsg("several rows have the key of a query object")));
	for (int c = 0; c < learner->m; c++)
		types[c] = learner->columns->columns[c].type;
	example->is_row = true;
	example->self = row->id;
	keep_terms(learner, example, &query);
}

/*
 * Is this a type of mmdb with this name?  They are in the schema of its functions.
 */
static bool
is_own_type(const MMLearner *learner, Oid type, const char *name)
{
	HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	bool		result = false;

	if (HeapTupleIsValid(tuple))
	{
		Form_pg_type form = (Form_pg_type) GETSTRUCT(tuple);

		result = form->typnamespace == get_func_namespace(learner->index->rd_amhandler) &&
			strcmp(NameStr(form->typname), name) == 0;
		ReleaseSysCache(tuple);
	}
	return result;
}

bool
mm_example_is_object(const MMLearner *learner, Oid type)
{
	return type_is_rowtype(type) || is_own_type(learner, type, "odbvalues") ||
		is_own_type(learner, type, "odbquery");
}

static MMExample *
add_example(MMLearner *learner)
{
	MMExample  *example;

	if (learner->nexamples == learner->examples_room)
	{
		learner->examples_room = Max(64, 2 * learner->examples_room);
		learner->examples = learner->examples == NULL ?
			MemoryContextAlloc(learner->context, sizeof(MMExample) * learner->examples_room) :
			repalloc_huge(learner->examples, sizeof(MMExample) * (Size) learner->examples_room);
	}
	example = &learner->examples[learner->nexamples++];
	memset(example, 0, sizeof(MMExample));
	return example;
}

MMExample *
mm_example_object(MMLearner *learner, OdbQueryParts *object)
{
	MMExample  *example = add_example(learner);

	keep_terms(learner, example, object);
	return example;
}

MMExample *
mm_example_query(MMLearner *learner, Oid type, Datum query, bool by_key)
{
	MMExample  *example = add_example(learner);

	if (by_key)
		mm_key_find(learner, type, query, receive_query, example);
	else
	{
		OdbQueryParts parts;

		if (!mm_example_is_object(learner, type))
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("a query object is of type %s, not a row", format_type_be(type))));
		if (type_is_rowtype(type))
			mm_record_unpack(DatumGetHeapTupleHeader(query), &parts, NULL);
		else if (is_own_type(learner, type, "odbvalues"))
			mm_values_query(mm_values_parse(DatumGetTextPP(query)), learner->index, learner->columns,
							&parts);
		else
			mm_odbquery_unpack(DatumGetOdbQuery(query), &parts);
		mm_check_width(learner->index, learner->columns, parts.natts);
		keep_terms(learner, example, &parts);
	}
	return example;
}

/*
 * The relevant rows of an example, while they are read.
 */
typedef struct RelevantRows
{
	const MMExample *example;
	void	  **prepared;
	HTAB	   *known;			/* the ids */
	int			room;
	int			n;
	MMRowId    *ids;
	double	   *x;				/* n x m, but for MM_MAX_WANTED at most */
} RelevantRows;

static void
receive_relevant(MMLearner *learner, const MMRow *row, void *arg)
{
	RelevantRows *rows = arg;
	MMRowId		id;
	bool		found;

	if (rows->example->is_row && mm_row_compare(&row->id, &rows->example->self) == 0)
		return;
	/* The padding bytes between members must be equal, too. */
	memset(&id, 0, sizeof(id));
	id.table = row->id.table;
	id.tid = row->id.tid;
	(void) hash_search(rows->known, &id, HASH_ENTER, &found);
	if (found)
		return;
	if (rows->n == rows->room)
	{
		rows->room *= 2;
		rows->ids = repalloc_huge(rows->ids, sizeof(MMRowId) * rows->room);
		rows->x = repalloc(rows->x, sizeof(double) * learner->m * Min(rows->room, MM_MAX_WANTED));
	}
	rows->ids[rows->n] = row->id;
	if (rows->n < MM_MAX_WANTED)
		mm_learner_distances(learner, rows->example, rows->prepared, row,
							 rows->x + (Size) learner->m * rows->n);
	rows->n++;
}

/*
 * Compare rows of distances, for qsort_arg.
 */
static int
compare_rows(const void *a, const void *b, void *arg)
{
	int			m = *(int *) arg;

	for (int c = 0; c < m; c++)
	{
		int			comparison = mm_compare_doubles((const double *) a + c, (const double *) b + c);

		if (comparison != 0)
			return comparison;
	}
	return 0;
}

void
mm_example_relevant(MMLearner *learner, MMExample *example, Oid type, Datum keys)
{
	RelevantRows rows = {.example = example, .room = 64};
	MemoryContext work = AllocSetContextCreate(CurrentMemoryContext, "mmdb relevant rows",
											   ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(work);
	HASHCTL		control = {.keysize = sizeof(MMRowId), .entrysize = sizeof(MMRowId), .hcxt = work};
	int			n;

	rows.known = hash_create("mmdb relevant rows", rows.room, &control,
							 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	rows.prepared = mm_learner_prepare(learner, example);
	rows.ids = palloc(sizeof(MMRowId) * rows.room);
	rows.x = palloc(sizeof(double) * learner->m * rows.room);
	n = mm_key_find_all(learner, type, keys, receive_relevant, &rows);
	if (rows.n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an example needs at least one relevant row"),
				 n > 0 ? errdetail("The query object itself does not count.") : 0));
	example->nwanted = Min(rows.n, MM_MAX_WANTED);
	example->nrelevant = rows.n;
	qsort(rows.ids, rows.n, sizeof(MMRowId), mm_row_compare);
	/*
	 * Sums over these rows must not depend on the order in which the rows were
	 * given.
	 */
	qsort_arg(rows.x, example->nwanted, sizeof(double) * learner->m, compare_rows, &learner->m);

	/* A copy that takes no more room than it needs. */
	MemoryContextSwitchTo(learner->context);
	example->wanted = palloc(sizeof(double) * learner->m * example->nwanted);
	memcpy(example->wanted, rows.x, sizeof(double) * learner->m * example->nwanted);
	example->relevant = MemoryContextAllocHuge(learner->context, sizeof(MMRowId) * rows.n);
	memcpy(example->relevant, rows.ids, sizeof(MMRowId) * rows.n);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(work);
}

/* ---------- all examples ---------- */

/*
 * The numbers of the result's columns that have the parts of an example; 0 if
 * no column has the part.
 */
typedef struct ExampleColumns
{
	int			query;
	int			key;
	int			relevant;
} ExampleColumns;

/*
 * Find the columns by their names.  If there are two columns and the names do
 * not tell, their order does: the first is the query object if it is a row.
 */
static ExampleColumns
find_columns(TupleDesc desc)
{
	ExampleColumns columns = {0};

	for (int i = 0; i < desc->natts; i++)
	{
		const char *name = NameStr(TupleDescAttr(desc, i)->attname);

		if (strcmp(name, "query") == 0)
			columns.query = i + 1;
		else if (strcmp(name, "key") == 0)
			columns.key = i + 1;
		else if (strcmp(name, "relevant") == 0)
			columns.relevant = i + 1;
	}
	if (desc->natts == 2)
	{
		if (columns.relevant == 0 && columns.query != 2 && columns.key != 2)
			columns.relevant = 2;
		if (columns.query == 0 && columns.key == 0 && columns.relevant == 2)
		{
			if (type_is_rowtype(TupleDescAttr(desc, 0)->atttypid))
				columns.query = 1;
			else
				columns.key = 1;
		}
	}
	if (columns.relevant == 0 || (columns.query == 0 && columns.key == 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("these are not examples"),
				 errdetail("They must have two columns: a query object or the key of a row, and an array of the keys of relevant rows."),
				 errhint("Of more columns, those named query or key, and relevant, are taken.")));
	return columns;
}

static void
read_example(MMLearner *learner, const ExampleColumns *columns, HeapTuple tuple, TupleDesc desc)
{
	MMExample  *example;
	Datum		value = 0;
	bool		isnull = true;
	bool		by_key = false;

	if (columns->query != 0)
		value = SPI_getbinval(tuple, desc, columns->query, &isnull);
	if (isnull && columns->key != 0)
	{
		by_key = true;
		value = SPI_getbinval(tuple, desc, columns->key, &isnull);
	}
	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("an example has neither a query object nor a key")));
	example = mm_example_query(learner, TupleDescAttr(desc, (by_key ? columns->key : columns->query) - 1)->atttypid,
							   value, by_key);

	value = SPI_getbinval(tuple, desc, columns->relevant, &isnull);
	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("an example needs at least one relevant row")));
	mm_example_relevant(learner, example, TupleDescAttr(desc, columns->relevant - 1)->atttypid, value);
}

/*
 * What read_example needs besides a row.
 */
typedef struct ExampleReader
{
	MMLearner  *learner;
	ExampleColumns columns;
} ExampleReader;

static void
begin_examples(TupleDesc desc, void *arg)
{
	((ExampleReader *) arg)->columns = find_columns(desc);
}

static void
receive_example(HeapTuple tuple, TupleDesc desc, void *arg)
{
	ExampleReader *reader = arg;

	read_example(reader->learner, &reader->columns, tuple, desc);
}

/*
 * Read the examples that a query returns.  The query has one parameter, of
 * type jsonb, or none.
 */
static void
read_examples(MMLearner *learner, const char *sql, bool has_parameter, Datum parameter)
{
	ExampleReader reader = {.learner = learner};
	MMRowsQuery query = {
		.sql = sql,
		.parameter_type = has_parameter ? JSONBOID : InvalidOid,
		.parameter = parameter,
		.one = "example",
		.all = "examples",
		.begin = begin_examples,
		.receive = receive_example,
		.arg = &reader,
	};

	if (mm_rows_read(learner, &query) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("there are no examples")));
}

/*
 * A hash of everything that an example says.
 */
static uint64
hash_example(const MMLearner *learner, const MMExample *example, uint64 seed)
{
	uint64		hash = hash_combine64(seed, example->nrelevant);

	for (int i = 0; i < example->terms->n; i++)
	{
		const MMTerm *term = &example->terms->terms[i];
		const MMColumn *column = &learner->columns->columns[term->column];

		hash = hash_combine64(hash, term->column);
		hash = hash_combine64(hash, datum_image_hash(term->value, column->typbyval, column->typlen));
	}
	return hash_bytes_extended((const unsigned char *) example->wanted,
							   (int) (sizeof(double) * learner->m * example->nwanted), hash);
}

static int
compare_places(const void *a, const void *b)
{
	const MMExample *x = a;
	const MMExample *y = b;

	return (x->place > y->place) - (x->place < y->place);
}

void
mm_examples_shuffle(MMLearner *learner, int seed)
{
	for (int i = 0; i < learner->nexamples; i++)
		learner->examples[i].place = hash_example(learner, &learner->examples[i], (uint32) seed);
	qsort(learner->examples, learner->nexamples, sizeof(MMExample), compare_places);
}

void
mm_examples_query(MMLearner *learner, const char *sql)
{
	read_examples(learner, sql, false, (Datum) 0);
}

/* ---------- jsonb ---------- */

/*
 * Raise an error if an example, or its query object, has a member that it
 * should not have.  object is the jsonb; what names it in the message.
 */
static void
check_members(JsonbValue *object, const char *what, int nallowed, const char **allowed)
{
	JsonbIterator *it = JsonbIteratorInit(object->val.binary.data);
	JsonbValue	v;
	JsonbIteratorToken token;

	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		bool		found = false;

		if (token != WJB_KEY)
			continue;
		for (int i = 0; i < nallowed; i++)
			found |= (int) strlen(allowed[i]) == v.val.string.len &&
				memcmp(allowed[i], v.val.string.val, v.val.string.len) == 0;
		if (!found)
		{
			StringInfoData names;

			initStringInfo(&names);
			for (int i = 0; i < nallowed; i++)
				appendStringInfo(&names, "%s\"%s\"", i > 0 ? ", " : "", allowed[i]);
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("%s has a member \"%.*s\"", what, v.val.string.len, v.val.string.val),
					 errdetail("There may be: %s.", names.data)));
		}
	}
}

static bool
is_object(const JsonbValue *v)
{
	return v->type == jbvBinary && JsonContainerIsObject(v->val.binary.data);
}

/*
 * Raise an error unless the jsonb is an array of objects that have only the
 * members of examples.
 */
static void
check_json(MMLearner *learner, Jsonb *json)
{
	static const char *members[] = {"query", "key", "relevant"};
	ErrorContextCallback callback;
	int			number = 0;

	if (!JB_ROOT_IS_ARRAY(json) || JB_ROOT_IS_SCALAR(json))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("examples must be an array of objects")));
	callback.callback = example_error_context;
	callback.arg = &number;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	for (uint32 i = 0; i < JB_ROOT_COUNT(json); i++)
	{
		JsonbValue *example = getIthJsonbValueFromContainer(&json->root, i);
		JsonbValue	member;

		number++;
		if (!is_object(example))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("an example must be an object")));
		check_members(example, "an example", lengthof(members), members);
		if (getKeyJsonValueFromContainer(example->val.binary.data, "query", strlen("query"), &member) == NULL ||
			member.type == jbvNull)
			continue;
		if (!is_object(&member))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a query object must be an object of the columns' values")));
		check_members(&member, "a query object", learner->m, mm_column_names(learner->columns));
	}
	error_context_stack = callback.previous;
}

/*
 * Append the definition of one column of a record.
 */
static void
append_definition(StringInfo buf, int i, const char *quoted_name, Oid type)
{
	appendStringInfo(buf, "%s%s %s", i > 0 ? ", " : "", quoted_name,
					 format_type_with_typemod(type, -1));
}

void
mm_examples_json(MMLearner *learner, Datum json)
{
	StringInfoData sql;
	StringInfoData members;
	StringInfoData query;
	StringInfoData parts;
	const MMPrimaryKey *key = mm_key_get(learner);

	check_json(learner, DatumGetJsonbP(json));
	/*
	 * Columns' names may be longer than identifiers, so their numbers take
	 * their place.
	 */
	initStringInfo(&members);
	initStringInfo(&query);
	for (int c = 0; c < learner->m; c++)
	{
		const MMColumn *column = &learner->columns->columns[c];

		appendStringInfo(&members, "%s'%d', pg_catalog.jsonb_object_field(e.query, %s)",
						 c > 0 ? ", " : "", c + 1, quote_literal_cstr(column->name));
		append_definition(&query, c, psprintf("\"%d\"", c + 1), column->type);
	}
	initStringInfo(&parts);
	for (int i = 0; i < key->n; i++)
		append_definition(&parts, i, key->names[i], key->types[i]);

	initStringInfo(&sql);
	appendStringInfo(&sql,
					 "SELECT CASE WHEN e.query IS NOT NULL THEN"
					 " (SELECT o FROM pg_catalog.jsonb_to_record(pg_catalog.jsonb_build_object(%s))"
					 " AS o(%s)) END AS query, ",
					 members.data, query.data);
	if (key->n == 1)
	{
		const char *type = format_type_with_typemod(key->types[0], -1);

		appendStringInfo(&sql,
						 "e.key, e.relevant FROM pg_catalog.jsonb_to_recordset($1)"
						 " AS e(query pg_catalog.jsonb, key %s, relevant %s[])", type, type);
	}
	else
		appendStringInfo(&sql,
						 "CASE WHEN e.key IS NOT NULL THEN"
						 " (SELECT o FROM pg_catalog.jsonb_to_record(e.key) AS o(%s)) END AS key,"
						 " ARRAY(SELECT o FROM pg_catalog.jsonb_to_recordset(e.relevant) AS o(%s)) AS relevant"
						 " FROM pg_catalog.jsonb_to_recordset($1)"
						 " AS e(query pg_catalog.jsonb, key pg_catalog.jsonb, relevant pg_catalog.jsonb)",
						 parts.data, parts.data);
	read_examples(learner, sql.data, true, json);
}
