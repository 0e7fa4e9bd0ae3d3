/*-------------------------------------------------------------------------
 *
 * stream.c
 *	  Rows to servers: one COPY a server, all at the same time.
 *
 * Rows are read and sent by this backend alone; the servers parse them, find
 * their partitions and check their constraints in parallel.  Rows that come back
 * are read from one server after the other, into a table here.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "commands/copy.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "parser/parse_relation.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "shard/operations.h"

#define FETCH_ROWS	1000

struct MMStream
{
	int			n;				/* servers */
	MMConnection *const *conns;
	int			first;			/* attribute that is sent first, from 0 */
	int			nattributes;
	FmgrInfo   *output;
	StringInfoData line;
	MemoryContext scratch;
	int64		rows;
};

/*
 * Settings under which values are written so that servers read the same ones.
 */
static int
set_transmission_settings(void)
{
	static const char *const settings[][2] = {
		{"datestyle", "ISO"}, {"intervalstyle", "postgres"}, {"extra_float_digits", "3"},
		{"search_path", "pg_catalog"}
	};
	int			nest = NewGUCNestLevel();

	for (int i = 0; i < (int) lengthof(settings); i++)
		(void) set_config_option(settings[i][0], settings[i][1], PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	return nest;
}

/*
 * Begin to send rows to n servers, each to a table of the same name.  desc
 * describes rows; the attributes from first on are sent.
 */
MMStream *
mm_stream_begin(TupleDesc desc, int first, int n, MMConnection *const *conns, const char *table,
				const char *columns)
{
	MMStream   *stream = palloc0(sizeof(MMStream));
	char	   *sql = psprintf("COPY %s (%s) FROM STDIN", table, columns);

	stream->n = n;
	stream->conns = conns;
	stream->first = first;
	stream->nattributes = desc->natts;
	stream->output = palloc0(sizeof(FmgrInfo) * desc->natts);
	stream->scratch = AllocSetContextCreate(CurrentMemoryContext, "mmdb row to send",
											ALLOCSET_DEFAULT_SIZES);
	initStringInfo(&stream->line);
	for (int i = first; i < desc->natts; i++)
	{
		Oid			output;
		bool		varlena;

		getTypeOutputInfo(TupleDescAttr(desc, i)->atttypid, &output, &varlena);
		fmgr_info(output, &stream->output[i]);
	}
	for (int i = 0; i < n; i++)
		mm_copy_begin(conns[i], sql);
	return stream;
}

/*
 * Append a value as COPY writes it in text format.
 */
static void
append_escaped(StringInfo line, const char *value)
{
	for (;;)
	{
		int			plain = strcspn(value, "\\\b\f\n\r\t\v");

		appendBinaryStringInfo(line, value, plain);
		value += plain;
		if (*value == '\0')
			return;
		appendStringInfoChar(line, '\\');
		switch (*value)
		{
			case '\b':
				appendStringInfoChar(line, 'b');
				break;
			case '\f':
				appendStringInfoChar(line, 'f');
				break;
			case '\n':
				appendStringInfoChar(line, 'n');
				break;
			case '\r':
				appendStringInfoChar(line, 'r');
				break;
			case '\t':
				appendStringInfoChar(line, 't');
				break;
			case '\v':
				appendStringInfoChar(line, 'v');
				break;
			default:
				appendStringInfoChar(line, *value);
		}
		value++;
	}
}

/*
 * Send a row to a server, given by its number.  The settings are those of
 * set_transmission_settings.
 */
void
mm_stream_put(MMStream *stream, int server, const Datum *values, const bool *isnull)
{
	StringInfo	line = &stream->line;
	MemoryContext old = MemoryContextSwitchTo(stream->scratch);

	CHECK_FOR_INTERRUPTS();
	resetStringInfo(line);
	for (int i = stream->first; i < stream->nattributes; i++)
	{
		if (i > stream->first)
			appendStringInfoChar(line, '\t');
		if (isnull[i])
			appendStringInfoString(line, "\\N");
		else
			append_escaped(line, OutputFunctionCall(&stream->output[i], values[i]));
	}
	appendStringInfoChar(line, '\n');
	MemoryContextSwitchTo(old);
	MemoryContextReset(stream->scratch);
	mm_copy_put(stream->conns[server], line->data, line->len);
	stream->rows++;
}

/*
 * End the streams: all servers have taken all rows.  Returns how many there were.
 */
int64
mm_stream_end(MMStream *stream)
{
	for (int i = 0; i < stream->n; i++)
		mm_copy_end(stream->conns[i]);
	return stream->rows;
}

/*
 * Which part of a table holds each region, for look-ups by number.
 */
typedef struct RegionHome
{
	int			region;			/* key of the hash table */
	int			part;
} RegionHome;

static HTAB *
homes_of_regions(const MMDistributed *table)
{
	HASHCTL		control = {.keysize = sizeof(int), .entrysize = sizeof(RegionHome), .hcxt = CurrentMemoryContext};
	HTAB	   *homes = hash_create("homes of regions", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);

	for (int i = 0; i < table->nparts; i++)
		for (int j = 0; j < table->parts[i].nregions; j++)
		{
			RegionHome *home = hash_search(homes, &table->parts[i].regions[j], HASH_ENTER, NULL);

			home->part = i;
		}
	return homes;
}

/*
 * Send the rows of a query to the servers of a table: its first column is the
 * region, and the others are the table's columns (mm_definition_names).  Returns
 * how many there were.
 */
int64
mm_stream_query(const MMDistributed *table, const char *query, const char *columns)
{
	HTAB	   *homes = homes_of_regions(table);
	MMConnection **conns = palloc(sizeof(MMConnection *) * table->nparts);
	MemoryContext context = CurrentMemoryContext;
	MMStream   *stream = NULL;
	Portal		portal;
	int64		rows;

	for (int i = 0; i < table->nparts; i++)
		conns[i] = table->parts[i].conn;
	SPI_connect();
	portal = SPI_cursor_parse_open(NULL, query, &(SPIParseOpenOptions) {.read_only = false});
	for (;;)
	{
		MemoryContext old;
		int			nest;

		SPI_cursor_fetch(portal, true, FETCH_ROWS);
		old = MemoryContextSwitchTo(context);
		if (stream == NULL)
			stream = mm_stream_begin(CreateTupleDescCopy(SPI_tuptable->tupdesc), 1, table->nparts, conns,
									 table->qualified, columns);
		/* The query itself runs under the user's settings. */
		nest = set_transmission_settings();
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			Datum		values[MaxTupleAttributeNumber];
			bool		isnull[MaxTupleAttributeNumber];
			int			region;
			const RegionHome *home;

			heap_deform_tuple(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, values, isnull);
			region = DatumGetInt32(values[0]);
			home = hash_search(homes, &region, HASH_FIND, NULL);
			if (home == NULL)
				ereport(ERROR,
						(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						 errmsg("no server of table \"%s\" has region %d", table->name, region)));
			mm_stream_put(stream, home->part, values, isnull);
		}
		AtEOXact_GUC(true, nest);
		MemoryContextSwitchTo(old);
		SPI_freetuptable(SPI_tuptable);
		if (SPI_processed == 0)
			break;
	}
	SPI_cursor_close(portal);
	rows = mm_stream_end(stream);
	SPI_finish();
	hash_destroy(homes);
	return rows;
}

/* ---------- rows from a server ---------- */

/* What is being read: COPY's callback has no argument. */
static MMConnection *source = NULL;
static char *unread = NULL;		/* a row, or NULL */
static int	unread_from;
static int	unread_length;

static int
read_source(void *buffer, int least, int most)
{
	int			done = 0;

	while (done < least)
	{
		int			n;

		if (unread == NULL)
		{
			unread_from = 0;
			unread_length = mm_copy_get(source, &unread);
			if (unread_length < 0)
			{
				unread = NULL;
				break;
			}
		}
		n = Min(most - done, unread_length - unread_from);
		memcpy((char *) buffer + done, unread + unread_from, n);
		unread_from += n;
		done += n;
		if (unread_from == unread_length)
		{
			PQfreemem(unread);
			unread = NULL;
		}
	}
	return done;
}

/*
 * Copy the rows of a table at a server into one here, which has the same names of
 * columns.  Returns how many there were.
 */
int64
mm_stream_fetch(MMConnection *conn, const char *remote_name, const char *columns, Oid target)
{
	Relation	relation = table_open(target, RowExclusiveLock);
	TupleDesc	desc = RelationGetDescr(relation);
	ParseState *pstate = make_parsestate(NULL);
	List	   *names = NIL;
	int64		rows = 0;
	int			nest;

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (!att->attisdropped && att->attgenerated == '\0')
			names = lappend(names, makeString(pstrdup(NameStr(att->attname))));
	}
	mm_copy_begin(conn, psprintf("COPY (SELECT %s FROM %s) TO STDOUT", columns, remote_name));
	(void) addRangeTableEntryForRelation(pstate, relation, RowExclusiveLock, NULL, false, false);
	source = conn;
	if (unread != NULL)			/* left by an error */
		PQfreemem(unread);
	unread = NULL;
	nest = set_transmission_settings();
	rows = (int64) CopyFrom(BeginCopyFrom(pstate, relation, NULL, NULL, false, read_source, names, NIL));
	AtEOXact_GUC(true, nest);
	CommandCounterIncrement();
	table_close(relation, NoLock);
	return rows;
}
