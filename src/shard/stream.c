/*-------------------------------------------------------------------------
 *
 * stream.c
 *	  Rows to servers: one COPY a server, all at the same time.
 *
 * Rows are read and sent by this backend alone; the servers parse them, find
 * their partitions and check their constraints in parallel.  Rows that come back
 * are read from one server after the other, into a table here.
 *
 * Rows are sent in binary form if all columns have the same types at the servers
 * as here, and types whose binary form means the same everywhere: that is less to
 * do for both sides.  Otherwise they are sent as text.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "commands/copy.h"
#include "executor/spi.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "parser/parse_relation.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "fanout/fanout.h"
#include "shard/operations.h"

#define FETCH_ROWS	1000

/* The beginning of COPY's binary format: its signature, no flags, no extension. */
static const char binary_header[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";

#define BINARY_HEADER_LENGTH	19

typedef struct MMStream
{
	const MMDistributed *table;
	int			first;			/* attribute that is sent first, from 0 */
	int			nattributes;
	bool		binary;
	FmgrInfo   *output;
	StringInfoData line;
	MemoryContext scratch;
	int64		rows;
} MMStream;

/*
 * Settings under which values are written so that servers read the same ones.  They
 * must be undone before an error leaves, as its message is for the user's encoding.
 */
static int
set_transmission_settings(void)
{
	const char *const settings[][2] = {
		{"datestyle", "ISO"}, {"intervalstyle", "postgres"}, {"extra_float_digits", "3"},
		{"search_path", "pg_catalog"}, {"client_encoding", GetDatabaseEncodingName()}
	};
	int			nest = NewGUCNestLevel();

	for (int i = 0; i < (int) lengthof(settings); i++)
		(void) set_config_option(settings[i][0], settings[i][1], PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	return nest;
}

/*
 * Do the rows' columns have the same types at a server's table, of those that can be
 * sent in binary form?  What counts is what a domain is over: its values are sent as such,
 * and a domain of the same name may be over something else there.  Names of types are
 * written under set_transmission_settings, at both ends.
 */
static bool
can_be_binary(TupleDesc desc, int first, MMConnection *conn, const char *table)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "WITH RECURSIVE c(name, type) AS (SELECT attname, atttypid FROM pg_attribute "
					 "WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped "
					 "UNION ALL SELECT name, typbasetype FROM c JOIN pg_type ON pg_type.oid = type WHERE typtype = 'd') "
					 "SELECT count(*) = %d FROM c JOIN pg_type ON pg_type.oid = type WHERE typtype <> 'd' "
					 "AND (name, format_type(type, NULL)) IN (",
					 quote_literal_cstr(table), desc->natts - first);
	for (int i = first; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (!mm_is_binary_safe(att->atttypid))
			return false;
		appendStringInfo(&sql, "%s(%s, %s)", i > first ? ", " : "", quote_literal_cstr(NameStr(att->attname)),
						 quote_literal_cstr(format_type_extended(getBaseType(att->atttypid), -1, 0)));
	}
	appendStringInfoChar(&sql, ')');
	return desc->natts > first && strcmp(MM_ROW_VALUE(mm_exec(conn, sql.data), 0, 0), "t") == 0;
}

/*
 * Begin to send rows to the servers of a table.  desc describes rows; the attributes from
 * first on are sent.
 */
static MMStream *
begin_stream(TupleDesc desc, int first, const MMDistributed *table, const char *columns)
{
	MMStream   *stream = palloc0(sizeof(MMStream));
	char	   *sql;

	stream->table = table;
	stream->first = first;
	stream->nattributes = desc->natts;
	stream->output = palloc0(sizeof(FmgrInfo) * desc->natts);
	stream->scratch = AllocSetContextCreate(CurrentMemoryContext, "mmdb row to send",
											ALLOCSET_DEFAULT_SIZES);
	initStringInfo(&stream->line);
	stream->binary = true;
	for (int i = 0; i < table->nparts && stream->binary; i++)
		stream->binary = can_be_binary(desc, first, table->parts[i].conn, table->qualified);
	for (int i = first; i < desc->natts; i++)
	{
		Oid			type = TupleDescAttr(desc, i)->atttypid;
		Oid			output;
		bool		varlena;

		if (stream->binary)
			getTypeBinaryOutputInfo(type, &output, &varlena);
		else
			getTypeOutputInfo(type, &output, &varlena);
		fmgr_info(output, &stream->output[i]);
	}
	sql = psprintf("COPY %s (%s) FROM STDIN%s", table->qualified, columns, stream->binary ? " (FORMAT binary)" : "");
	for (int i = 0; i < table->nparts; i++)
	{
		mm_copy_begin(table->parts[i].conn, sql);
		if (stream->binary)
			mm_copy_put(table->parts[i].conn, binary_header, BINARY_HEADER_LENGTH);
	}
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
 * Write a row as COPY does in text format.
 */
static void
write_text(MMStream *stream, const Datum *values, const bool *isnull)
{
	StringInfo	line = &stream->line;

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
}

/*
 * Write a row as COPY does in binary format.
 */
static void
write_binary(MMStream *stream, const Datum *values, const bool *isnull)
{
	StringInfo	line = &stream->line;

	pq_sendint16(line, stream->nattributes - stream->first);
	for (int i = stream->first; i < stream->nattributes; i++)
	{
		bytea	   *bytes;

		if (isnull[i])
		{
			pq_sendint32(line, (uint32) -1);
			continue;
		}
		bytes = SendFunctionCall(&stream->output[i], values[i]);
		pq_sendint32(line, VARSIZE(bytes) - VARHDRSZ);
		appendBinaryStringInfo(line, VARDATA(bytes), VARSIZE(bytes) - VARHDRSZ);
	}
}

/*
 * Send a row to a server, given by its number.  The settings are those of
 * set_transmission_settings.
 */
static void
send_row(MMStream *stream, int server, const Datum *values, const bool *isnull)
{
	MemoryContext old = MemoryContextSwitchTo(stream->scratch);

	CHECK_FOR_INTERRUPTS();
	resetStringInfo(&stream->line);
	if (stream->binary)
		write_binary(stream, values, isnull);
	else
		write_text(stream, values, isnull);
	MemoryContextSwitchTo(old);
	MemoryContextReset(stream->scratch);
	mm_copy_put(stream->table->parts[server].conn, stream->line.data, stream->line.len);
	stream->rows++;
}

/*
 * End the streams: all servers have taken all rows.  Returns how many there were.
 */
static int64
end_stream(MMStream *stream)
{
	const MMDistributed *table = stream->table;

	/* All are told before the first is waited for. */
	for (int i = 0; i < table->nparts; i++)
	{
		if (stream->binary)
			mm_copy_put(table->parts[i].conn, "\377\377", 2);
		mm_copy_last(table->parts[i].conn);
	}
	for (int i = 0; i < table->nparts; i++)
		mm_copy_end(table->parts[i].conn);
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
 * Send the rows that SPI has fetched, under the settings that this needs.
 */
static void
send_rows(MMStream *stream, const MMDistributed *table, HTAB *homes)
{
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
		send_row(stream, home->part, values, isnull);
	}
}

/*
 * Send the rows that SPI has fetched; the first ones begin the stream.  The query itself
 * runs under the user's settings.
 */
static pg_noinline MMStream *
send_batch(MMStream *stream, const MMDistributed *table, HTAB *homes, const char *columns)
{
	MMStream   *volatile result = stream;
	int			nest = set_transmission_settings();

	PG_TRY();
	{
		if (result == NULL)
			result = begin_stream(CreateTupleDescCopy(SPI_tuptable->tupdesc), 1, table, columns);
		send_rows(result, table, homes);
	}
	PG_FINALLY();
	{
		AtEOXact_GUC(true, nest);
	}
	PG_END_TRY();
	return result;
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
	MemoryContext context = CurrentMemoryContext;
	MMStream   *stream = NULL;
	Portal		portal;
	int64		rows;

	SPI_connect();
	portal = SPI_cursor_parse_open(NULL, query, &(SPIParseOpenOptions) {.read_only = false});
	for (;;)
	{
		MemoryContext old;

		SPI_cursor_fetch(portal, true, FETCH_ROWS);
		old = MemoryContextSwitchTo(context);
		stream = send_batch(stream, table, homes, columns);
		MemoryContextSwitchTo(old);
		SPI_freetuptable(SPI_tuptable);
		if (SPI_processed == 0)
			break;
	}
	SPI_cursor_close(portal);
	rows = end_stream(stream);
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
	int64		rows;
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
	PG_TRY();
	{
		CopyFromState copy = BeginCopyFrom(pstate, relation, NULL, NULL, false, read_source, names, NIL);

		rows = (int64) CopyFrom(copy);
		EndCopyFrom(copy);
	}
	PG_FINALLY();
	{
		AtEOXact_GUC(true, nest);
	}
	PG_END_TRY();
	CommandCounterIncrement();
	table_close(relation, NoLock);
	return rows;
}
