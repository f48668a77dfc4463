// socket.io-client for Java with nothing but its defaults, driven by lines: see programs.py beside this folder.
// Usage: java -cp "build/libraries/*" LineClient.java URL TRANSPORTS ACCESS_TOKEN ROOM_ID

import io.socket.client.Ack;
import io.socket.client.IO;
import io.socket.client.Socket;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.json.JSONException;
import org.json.JSONObject;

public class LineClient {
    public static void main(String[] arguments) throws Exception {
        String roomId = arguments[3];
        IO.Options options = IO.Options.builder()
            .setTransports(arguments[1].split(","))
            .setAuth(Map.of("token", arguments[2]))
            .build();
        Socket socket = IO.socket(URI.create(arguments[0] + "/group"), options);
        socket.on(Socket.EVENT_CONNECT, values -> say("connected"));
        socket.on(Socket.EVENT_DISCONNECT, values -> say("disconnected " + values[0]));
        socket.on("message_created", values -> say("heard " + first((JSONObject) values[0])));
        socket.connect();

        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = input.readLine()) != null;) {
            String[] words = line.split(" ");
            for (int number = 0; number < Integer.parseInt(words[0]); number++) {
                String name = words[1] + number;
                StringBuilder data = new StringBuilder(name + " ");
                while (data.length() < Integer.parseInt(words[2])) data.append('x');
                JSONObject message = new JSONObject()
                    .put("room_id", roomId)
                    .put("client_id", name)
                    .put("data", data.toString());
                socket.emit("send_message", new Object[] {message}, (Ack) values -> told((JSONObject) values[0]));
            }
        }
        System.exit(0);
    }

    private static void told(JSONObject answer) {
        JSONObject data = answer.optJSONObject("data");
        say(data == null ? "refused " + answer : "acked " + first(data));
    }

    private static String first(JSONObject message) {
        try {
            return message.getString("data").split(" ")[0];
        } catch (JSONException error) {
            throw new IllegalStateException(error);
        }
    }

    private static synchronized void say(String line) {
        System.out.println(line);
        System.out.flush();
    }
}
