"""People and talk for trying the chat out: `flask --app chat.app seed demo`."""
