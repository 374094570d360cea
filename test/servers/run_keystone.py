"""Keystone without a web server: `serve PORT` on 127.0.0.1, anything else is a command of keystone-manage."""
import os
import sys
from wsgiref.simple_server import WSGIServer, make_server

command = sys.argv[1:]

if command[0] == 'serve':
    sys.argv = ['keystone']
    from keystone.server.wsgi import initialize_public_application

    # One thread, as SQLite wants it: whoever comes meanwhile waits in this queue.
    class Server(WSGIServer):
        request_queue_size = 64

    make_server('127.0.0.1', int(command[1]), initialize_public_application(), server_class=Server).serve_forever()
else:
    config = os.path.join(os.environ['OS_KEYSTONE_CONFIG_DIR'], 'keystone.conf')
    sys.argv = ['keystone-manage', '--config-file', config, *command]
    from keystone.cmd.manage import main

    main()
