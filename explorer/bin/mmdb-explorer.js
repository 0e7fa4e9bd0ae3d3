#!/usr/bin/env node
// Starts the explorer: a web page and an HTTP API over one mmdb index.
import { readOptions, usage } from '../server/options.js';
import { connect } from '../server/database.js';
import { makeServer } from '../server/http.js';

const options = readOptions(process.argv.slice(2));
if (options.help) {
	process.stdout.write(usage);
	process.exit(0);
}
if (options.error) {
	process.stderr.write(`mmdb-explorer: ${options.error}\n${usage}`);
	process.exit(2);
}

try {
	const database = await connect(options);
	const server = makeServer(database, options);

	const stop = () => {
		server.close();
		server.closeAllConnections();
		database.end().then(() => process.exit(0));
	};
	process.on('SIGINT', stop);
	process.on('SIGTERM', stop);
	server.on('error', error => {
		if (error.code === 'EADDRINUSE' && options.anyPort) {
			options.anyPort = false;
			server.listen(0, options.host);
			return;
		}
		process.stderr.write(`mmdb-explorer: ${error.message}\n`);
		process.exit(1);
	});
	server.on('listening', () => {
		const { address, port } = server.address();
		const host = address.includes(':') ? `[${address}]` : address;
		process.stdout.write(`The explorer is at http://${host}:${port}/\nPress Ctrl-C to stop it.\n`);
	});
	server.listen(options.port, options.host);
} catch (error) {
	process.stderr.write(`mmdb-explorer: ${error.message}\n`);
	process.exit(1);
}
