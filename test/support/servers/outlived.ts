/**
 * A process for servers.test.ts, which kills it: starts a PostgreSQL server, says where it is, and waits for its end.
 */
import { startPostgresql } from "./postgresql.ts";

const server = await startPostgresql();
const [[folder] = []] = await server.query("show data_directory");
console.log(JSON.stringify({ port: server.port, folder }));
setInterval(() => {}, 60_000);
