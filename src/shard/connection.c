/*-------------------------------------------------------------------------
 *
 * connection.c
 *	  Connections to servers: from the catalogs to an open session.
 *
 * A connection is kept for the session, in a hash table by user mapping and
 * user.  Invalidation messages about its server or mapping mark it, and it is
 * closed at its next use outside of a remote transaction.
 *
 * As postgres_fdw does, a user who is no superuser must have a password in the
 * mapping, and the server must ask for it, unless a superuser has set
 * password_required to false.  Otherwise anybody could use what the operating
 * system's user of this server may do elsewhere.
 *
 * libpq is non-blocking throughout.  That alone leaves one place where a
 * backend cannot be interrupted: libpq looks up names of hosts by itself.
 *
 * Commands are not cancelled by libpq's PQcancel, which may wait for a server
 * that does not answer.  A connection on which a command is running is closed
 * instead, and the server, which looks for that every
 * client_connection_check_interval, ends the command.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <poll.h>

#include "access/xact.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_user_mapping.h"
#include "commands/defrem.h"
#include "foreign/foreign.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "storage/latch.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "compat.h"
#include "shard/connection.h"

/*
 * Not every platform can see that a connection was closed; on those that cannot, the
 * setting is refused and left out.
 */
#define WATCH_SETTING	"SET client_connection_check_interval = 200"

/* All connections of this backend. */
static HTAB *connections = NULL;

/*
 * Options of libpq that a server or a mapping may set: those of today's libpq
 * that neither change the protocol nor write to files.
 */
static const char *const options_allowed[] = {
	"application_name", "channel_binding", "connect_timeout", "dbname", "gssdelegation", "gssencmode",
	"gsslib", "host", "hostaddr", "keepalives", "keepalives_count", "keepalives_idle",
	"keepalives_interval", "krbsrvname", "load_balance_hosts", "max_protocol_version",
	"min_protocol_version", "options", "passfile", "password", "port", "require_auth", "requirepeer",
	"service", "ssl_max_protocol_version", "ssl_min_protocol_version", "sslcert", "sslcertmode",
	"sslcompression", "sslcrl", "sslcrldir", "sslkey", "sslmode", "sslnegotiation", "sslpassword",
	"sslrootcert", "sslsni", "target_session_attrs", "tcp_user_timeout", "user", NULL
};

static bool
is_allowed(const char *option)
{
	for (int i = 0; options_allowed[i] != NULL; i++)
		if (strcmp(options_allowed[i], option) == 0)
			return true;
	return false;
}

/*
 * Close a connection.  No command of it goes on: see the head of this file.
 * Prepared statements and an open transaction go with it.
 */
void
mm_disconnect(MMConnection *conn)
{
	if (conn->pg != NULL)
	{
		PQfinish(conn->pg);
		conn->pg = NULL;
		ReleaseExternalFD();
	}
	if (conn->depth > 0)
		conn->lost = true;
	conn->busy = conn->end_sent = conn->forgotten = false;
	conn->undone = 0;
	resetStringInfo(&conn->before);
}

/*
 * Call a function for each connection.  It may close it.
 */
void
mm_connection_each(void (*visit) (MMConnection *conn, void *arg), void *arg)
{
	HASH_SEQ_STATUS scan;
	MMConnection *conn;

	if (connections == NULL)
		return;
	hash_seq_init(&scan, connections);
	while ((conn = hash_seq_search(&scan)) != NULL)
		visit(conn, arg);
}

/*
 * Something in pg_foreign_server or pg_user_mapping has changed.
 */
static void
invalidate(Datum arg, int cacheid, uint32 hash)
{
	HASH_SEQ_STATUS scan;
	MMConnection *conn;

	if (connections == NULL)
		return;
	hash_seq_init(&scan, connections);
	while ((conn = hash_seq_search(&scan)) != NULL)
		if (hash == 0 ||
			(cacheid == FOREIGNSERVEROID && conn->server_hash == hash) ||
			(cacheid == USERMAPPINGOID && conn->mapping_hash == hash))
			conn->invalid = true;
}

void
mm_connection_init(void)
{
	CacheRegisterSyscacheCallback(FOREIGNSERVEROID, invalidate, (Datum) 0);
	CacheRegisterSyscacheCallback(USERMAPPINGOID, invalidate, (Datum) 0);
}

/*
 * The connection of a user to a server, which may not be open yet.
 *
 * An error if the user has no mapping, or if the server is not one of
 * postgres_fdw.
 */
MMConnection *
mm_connection(Oid serverid, Oid userid)
{
	ForeignServer *server = GetForeignServer(serverid);
	UserMapping *mapping = GetUserMapping(userid, serverid);
	MMConnectionKey key = {mapping->umid, userid};
	MMConnection *conn;
	bool		found;

	if (connections == NULL)
	{
		HASHCTL		ctl;

		ctl.keysize = sizeof(MMConnectionKey);
		ctl.entrysize = sizeof(MMConnection);
		ctl.hcxt = TopMemoryContext;
		connections = hash_create("mmdb connections", 16, &ctl,
								  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	if (strcmp(GetForeignDataWrapper(server->fdwid)->fdwname, MM_WRAPPER) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("server \"%s\" is not a server of %s", server->servername, MM_WRAPPER),
				 errhint("Create it with CREATE SERVER ... FOREIGN DATA WRAPPER %s.", MM_WRAPPER)));
	conn = hash_search(connections, &key, HASH_ENTER, &found);
	if (!found)
	{
		MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

		memset((char *) conn + sizeof(key), 0, sizeof(*conn) - sizeof(key));
		initStringInfo(&conn->before);
		MemoryContextSwitchTo(old);
	}
	if (conn->lost)
		ereport(ERROR,
				(errcode(ERRCODE_CONNECTION_FAILURE),
				 errmsg("connection to server \"%s\" was lost in this transaction", conn->server),
				 errhint("Roll the transaction back and try again.")));
	if (conn->invalid && conn->depth == 0)
		mm_disconnect(conn);
	if (conn->pg == NULL)
	{
		conn->serverid = serverid;
		strlcpy(conn->server, server->servername, NAMEDATALEN);
		conn->server_hash = GetSysCacheHashValue1(FOREIGNSERVEROID, ObjectIdGetDatum(serverid));
		conn->mapping_hash = GetSysCacheHashValue1(USERMAPPINGOID, ObjectIdGetDatum(mapping->umid));
		conn->invalid = false;
	}
	return conn;
}

static void
add_option(MMTarget *target, const char *keyword, const char *value)
{
	/* The last one of a name counts for libpq. */
	target->keywords[target->n] = keyword;
	target->values[target->n++] = value;
}

static void
add_options(MMTarget *target, List *options)
{
	ListCell   *lc;

	foreach(lc, options)
	{
		DefElem    *option = lfirst_node(DefElem, lc);

		if (strcmp(option->defname, "password_required") == 0)
			target->password_required = defGetBoolean(option);
		else if (is_allowed(option->defname))
		{
			add_option(target, option->defname, defGetString(option));
			if (strcmp(option->defname, "password") == 0)
				target->has_password = defGetString(option)[0] != '\0';
		}
	}
}

static void
read_target(MMConnection *conn, MMTarget *target)
{
	ForeignServer *server = GetForeignServer(conn->serverid);
	UserMapping *mapping = GetUserMapping(conn->key.userid, conn->serverid);
	int			most = list_length(server->options) + list_length(mapping->options) + 4;

	memset(target, 0, sizeof(*target));
	target->keywords = palloc0(sizeof(char *) * most);
	target->values = palloc0(sizeof(char *) * most);
	target->password_required = true;
	add_option(target, "application_name", "mmdb");
	add_options(target, server->options);
	add_options(target, mapping->options);
	add_option(target, "client_encoding", GetDatabaseEncodingName());
	if (superuser_arg(conn->key.userid))
		target->password_required = false;
	if (target->password_required && !target->has_password)
		ereport(ERROR,
				(errcode(ERRCODE_S_R_E_PROHIBITED_SQL_STATEMENT_ATTEMPTED),
				 errmsg("password is required to connect to server \"%s\"", conn->server),
				 errdetail("Users who are not superusers must provide a password in the user mapping."),
				 errhint("ALTER USER MAPPING FOR ... SERVER %s OPTIONS (ADD password '...'); or have a superuser set password_required to false there.",
						 quote_identifier(conn->server))));
}

/*
 * Close a connection that could not be made, with an error.
 */
static pg_noreturn void
connect_failed(MMConnection *conn, int sqlstate, const char *why)
{
	char	   *detail = pchomp(why != NULL ? why : PQerrorMessage(conn->pg));

	mm_disconnect(conn);
	ereport(ERROR,
			(errcode(sqlstate),
			 errmsg("could not connect to server \"%s\"", conn->server),
			 detail[0] != '\0' ? errdetail_internal("%s", detail) : 0));
}

/*
 * What servers say besides is not for this server's log, where libpq puts it.
 */
static void
ignore_notice(void *arg, const PGresult *result)
{
}

/*
 * Begin to connect to one of the hosts that are not dropped.
 */
static void
begin_connecting(MMConnection *conn, const Bitmapset *dropped)
{
	MMTarget	target;

	read_target(conn, &target);
	mm_hosts_without(&target, dropped);
	if (!AcquireExternalFD())
		ereport(ERROR,
				(errcode(ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION),
				 errmsg("could not connect to server \"%s\"", conn->server),
				 errdetail("There are too many open files on the local server."),
				 errhint("Raise the server's max_files_per_process or the system's limit of open files.")));
	conn->pg = PQconnectStartParams(target.keywords, target.values, 0);
	if (conn->pg == NULL)
	{
		ReleaseExternalFD();
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	}
	PQsetNoticeReceiver(conn->pg, ignore_notice, NULL);
	conn->generation++;
	conn->fresh = true;
	conn->connecting = true;
	conn->configured = 0;
	conn->password_required = target.password_required;
	conn->poll_for = WL_SOCKET_WRITEABLE;
	conn->deadline = 0;
	for (int i = target.n - 1; i >= 0; i--)
		if (strcmp(target.keywords[i], "connect_timeout") == 0)
		{
			int			seconds = atoi(target.values[i]);

			/* As libpq has it: at least 2 s. */
			if (seconds > 0)
				conn->deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
															 INT64CONST(1000) * Max(seconds, 2));
			break;
		}
	if (PQstatus(conn->pg) == CONNECTION_BAD)
		connect_failed(conn, ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION, NULL);
}

/*
 * Begin to connect; mm_connection_poll goes on with it.
 */
void
mm_connection_start(MMConnection *conn)
{
	bms_free(conn->dropped);
	conn->dropped = NULL;
	begin_connecting(conn, NULL);
}

/*
 * The host that is being connected to has taken too long.  Try the others, if there
 * are any.
 */
static void
connect_elsewhere(MMConnection *conn)
{
	MMTarget	target;
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);
	bool		others;

	read_target(conn, &target);
	others = mm_hosts_drop(&target, &conn->dropped, conn->pg);
	MemoryContextSwitchTo(old);
	if (!others)
		connect_failed(conn, ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION, "timeout expired");
	mm_disconnect(conn);
	begin_connecting(conn, conn->dropped);
}

/*
 * The new session's settings, one after the other.
 */
static void
configure(MMConnection *conn)
{
	static const char *const settings[] = {MM_SESSION_SETTINGS, WATCH_SETTING};

	if (conn->configured < (int) lengthof(settings))
	{
		if (!PQsendQuery(conn->pg, settings[conn->configured]))
			connect_failed(conn, ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION, NULL);
		(void) PQflush(conn->pg);
		conn->configured++;
		conn->poll_for = WL_SOCKET_READABLE;
	}
	else
	{
		conn->connecting = false;
		conn->poll_for = 0;
	}
}

/*
 * Go on with connecting, as far as that goes without waiting.  Returns the
 * events of the socket to wait for, as WL_SOCKET_* flags, and 0 when the session
 * is ready.
 */
int
mm_connection_poll(MMConnection *conn)
{
	if (!conn->connecting)
		return 0;
	if (conn->configured == 0)
	{
		switch (PQconnectPoll(conn->pg))
		{
			case PGRES_POLLING_READING:
				return conn->poll_for = WL_SOCKET_READABLE;
			case PGRES_POLLING_WRITING:
				return conn->poll_for = WL_SOCKET_WRITEABLE;
			case PGRES_POLLING_OK:
				break;
			default:
				connect_failed(conn, ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION, NULL);
		}
		if (conn->password_required && !PQconnectionUsedPassword(conn->pg))
		{
			mm_disconnect(conn);
			ereport(ERROR,
					(errcode(ERRCODE_S_R_E_PROHIBITED_SQL_STATEMENT_ATTEMPTED),
					 errmsg("password is required to connect to server \"%s\"", conn->server),
					 errdetail("Users who are not superusers cannot connect if the server does not request a password."),
					 errhint("Change the server's authentication method, or have a superuser set password_required to false in the user mapping.")));
		}
		PQsetnonblocking(conn->pg, 1);
		configure(conn);
	}
	else
	{
		PGresult   *result;
		bool		refused = false;

		(void) PQflush(conn->pg);
		if (!PQconsumeInput(conn->pg))
			connect_failed(conn, ERRCODE_CONNECTION_FAILURE, NULL);
		for (;;)
		{
			if (PQisBusy(conn->pg))
				return conn->poll_for;
			if ((result = PQgetResult(conn->pg)) == NULL)
				break;
			refused |= PQresultStatus(result) != PGRES_COMMAND_OK;
			PQclear(result);
		}
		/* The last setting may be refused. */
		if (PQstatus(conn->pg) == CONNECTION_BAD || (refused && conn->configured == 1))
			connect_failed(conn, ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION, NULL);
		configure(conn);
	}
	return conn->poll_for;
}

/*
 * Milliseconds that are left for connecting; -1 if there is no limit.  If they are
 * over, connecting goes on with another host, or it is an error if there is none.
 */
int
mm_connection_timeout(MMConnection *conn)
{
	long		left;

	if (!conn->connecting || conn->deadline == 0)
		return -1;
	left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), conn->deadline);
	if (left <= 0)
	{
		connect_elsewhere(conn);
		left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), conn->deadline);
	}
	return (int) Min(left, INT_MAX);
}

/*
 * Wait for events of a connection's socket (WL_SOCKET_*), or until connecting
 * takes too long.
 */
void
mm_connection_wait(MMConnection *conn, int events)
{
	int			timeout = mm_connection_timeout(conn);
	int			happened;

	/* It may have begun with another host by that. */
	if (conn->connecting)
		events = conn->poll_for;
	happened = WaitLatchOrSocket(MyLatch,
								 WL_LATCH_SET | WL_EXIT_ON_PM_DEATH | events |
								 (timeout >= 0 ? WL_TIMEOUT : 0),
								 PQsocket(conn->pg), timeout, PG_WAIT_EXTENSION);
	if ((happened & WL_LATCH_SET) != 0)
	{
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
}

/*
 * Close a connection that is idle and that the server has closed, so that the
 * next use opens it again.  Nothing is lost by that, as nothing was asked.
 */
void
mm_connection_alive(MMConnection *conn)
{
	struct pollfd poll_for = {.events = POLLIN};

	if (conn->pg == NULL || conn->connecting || conn->depth > 0 || (conn->busy && !conn->end_sent))
		return;
	poll_for.fd = PQsocket(conn->pg);
	if (poll(&poll_for, 1, 0) == 0)
		return;
	/* What a server says last is read before the end of the connection is. */
	if (!PQconsumeInput(conn->pg) || (PQisBusy(conn->pg) && !conn->end_sent) ||
		!PQconsumeInput(conn->pg) || PQstatus(conn->pg) == CONNECTION_BAD)
		mm_disconnect(conn);
}

/*
 * An open connection of a user to a server, made if there is none.
 *
 * Waits until it is made.  Errors: of class 08 if it cannot be made, those of
 * mm_connection, and 2F003 if a password is required and missing.
 */
MMConnection *
mm_connect(Oid serverid, Oid userid)
{
	MMConnection *conn = mm_connection(serverid, userid);

	mm_connection_alive(conn);
	if (conn->pg == NULL)
		mm_connection_start(conn);
	while (conn->connecting)
	{
		mm_connection_wait(conn, conn->poll_for);
		(void) mm_connection_poll(conn);
	}
	return conn;
}
